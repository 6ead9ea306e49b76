"""By which words tickets say that they need a person now, in eight languages: data for `ml.anomaly.heard`.

`ALONE` says it by itself. Of `THINGS` and `STATES` one of each is needed, near each other. `DENIED`, `SUPPOSED` and
`DENIED_AFTER` take it back; `YET` follows a denial that is none (`not only`). Alternatives stand between bars. Words of
urgency are those of `ml.text.urgency`.
"""

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "zh")

ALONE: dict[str, dict[str, str]] = {
    "system_down": {
        "en": "total outage|complete outage|full outage|major outage|service outage|system outage|production outage|"
        "production down|system down|site down|server down|nothing works anymore|nothing works any more|"
        "nothing is working|none of your services|dead in the water|complete standstill|nobody can log in|no one can log in|nobody can work|no one can work|"
        "all users are locked out|everything is down|everything is offline|outage since",
        "de": "totalausfall|komplettausfall|systemausfall|serverausfall|vollständiger ausfall|kompletter ausfall|"
        "nichts geht mehr|nichts funktioniert mehr|alles steht still|produktion steht|betrieb steht still|"
        "niemand kann arbeiten|niemand kann sich anmelden|keiner kann arbeiten|keiner kann sich anmelden|stillstand",
        "fr": "panne totale|panne générale|panne complète|plus rien ne fonctionne|plus rien ne marche|"
        "rien ne fonctionne|tout est en panne|tout est bloqué|production à l'arrêt|production est à l'arrêt|"
        "interruption de service|interruption totale|personne ne peut se connecter|personne ne peut travailler",
        "es": "caída total|caída del sistema|caída del servicio|apagón|fuera de servicio|nada funciona|"
        "todo está caído|interrupción total|interrupción del servicio|producción parada|producción detenida|"
        "nadie puede trabajar|nadie puede entrar|nadie puede acceder|nadie puede iniciar sesión",
        "it": "blocco totale|fermo totale|interruzione totale|interruzione del servizio|guasto totale|"
        "non funziona più nulla|non funziona più niente|niente funziona|tutto fermo|tutto bloccato|è tutto bloccato|"
        "produzione ferma|nessuno riesce a lavorare|nessuno può lavorare|nessuno riesce ad accedere|fuori servizio",
        "pt": "queda total|queda do sistema|queda do serviço|apagão|fora do ar|fora de serviço|nada funciona|"
        "tudo parado|está tudo parado|produção parada|interrupção total|interrupção do serviço|"
        "ninguém consegue trabalhar|ninguém consegue entrar|ninguém consegue acessar|ninguém consegue aceder",
        "ja": "全面停止|システム障害|サービス停止|システム停止|サーバーダウン|システムダウン|業務停止|業務が止まって|"
        "誰もログインできません|誰もログインできない|全員がログインできない|何も動きません|何も動かない|大規模障害",
        "zh": "全面瘫痪|系统瘫痪|系统崩溃|服务中断|系统宕机|服务器宕机|全部宕机|业务中断|生产中断|完全瘫痪|"
        "所有人都无法登录|没有人能登录|没人能登录|全部无法使用|全线瘫痪|停止运行",
    },
    "data_loss": {
        "en": "data loss|loss of data|lost data|data corruption|data got lost|lost everything|unrecoverable",
        "de": "datenverlust|datenverluste|verlust von daten|verlust unserer daten|datenkorruption|"
        "unwiederbringlich",
        "fr": "perte de données|perte de nos données|perte des données|perte totale de données|données perdues|"
        "corruption de données|irrécupérable|irrécupérables",
        "es": "pérdida de datos|perdida de datos|pérdida de los datos|pérdida de nuestros datos|corrupción de datos|"
        "datos perdidos|irrecuperable|irrecuperables",
        "it": "perdita di dati|perdita dei dati|perdita dei nostri dati|dati persi|corruzione dei dati|"
        "irrecuperabile|irrecuperabili",
        "pt": "perda de dados|perda dos dados|perda dos nossos dados|dados perdidos|corrupção de dados|"
        "irrecuperável|irrecuperáveis",
        "ja": "データ損失|データ消失|データの消失|データの損失|データ破損|データロスト|データ喪失",
        "zh": "数据丢失|丢失数据|数据遗失|数据损坏|数据全没了|数据没了|数据全丢了",
    },
    "security": {
        "en": "data breach|security breach|data leak|security incident|unauthorized access|unauthorised access|"
        "unauthorized login|unauthorised login|ransomware|malware|phishing|we were hacked|got hacked|been hacked|"
        "was hacked|vulnerability|brute force|intruder|intruders|identity theft|account takeover",
        "de": "datenleck|datenpanne|sicherheitsvorfall|sicherheitslücke|unbefugter zugriff|unbefugten zugriff|"
        "unbefugte zugriffe|unberechtigter zugriff|unberechtigten zugriff|ransomware|schadsoftware|phishing|gehackt|"
        "hackerangriff|cyberangriff|verschlüsselungstrojaner|eindringling|datendiebstahl",
        "fr": "fuite de données|violation de données|incident de sécurité|faille de sécurité|accès non autorisé|"
        "accès non autorisés|rançongiciel|ransomware|hameçonnage|phishing|piraté|piratée|piratés|piratage|"
        "cyberattaque|intrusion|vol de données|logiciel malveillant",
        "es": "fuga de datos|filtración de datos|brecha de seguridad|incidente de seguridad|acceso no autorizado|"
        "accesos no autorizados|ransomware|hackeado|hackeada|hackeados|hackearon|pirateado|ciberataque|phishing|"
        "vulnerabilidad|robo de datos|intruso|intrusión",
        "it": "fuga di dati|violazione dei dati|violazione di dati|incidente di sicurezza|falla di sicurezza|"
        "accesso non autorizzato|accessi non autorizzati|ransomware|hackerato|hackerata|hackerati|violato|violata|"
        "attacco informatico|phishing|vulnerabilità|furto di dati|intrusione|intruso",
        "pt": "vazamento de dados|fuga de dados|violação de dados|incidente de segurança|falha de segurança|"
        "acesso não autorizado|acessos não autorizados|ransomware|hackeado|hackeada|hackeados|hackearam|invadida|"
        "ataque cibernético|ciberataque|phishing|vulnerabilidade|roubo de dados|invasão|intrusão",
        "ja": "情報漏洩|情報漏えい|データ漏洩|不正アクセス|不正ログイン|セキュリティ侵害|セキュリティ事故|"
        "セキュリティインシデント|ハッキング|ランサムウェア|マルウェア|フィッシング|脆弱性|乗っ取られ|サイバー攻撃",
        "zh": "数据泄露|信息泄露|数据外泄|安全漏洞|安全事件|未经授权的访问|未经授权的登录|未授权访问|异常登录|勒索软件|"
        "恶意软件|钓鱼|黑客|被入侵|被黑|被盗|网络攻击",
    },
    "legal": {
        "en": "legal action|lawyer|lawyers|attorney|attorneys|lawsuit|take you to court|take this to court|"
        "go to court|legal department|legal counsel|legal proceedings|legal steps|breach of contract|sue you|suing|"
        "will sue|data protection authority|gdpr complaint|supervisory authority|small claims|press charges",
        "de": "anwalt|anwälte|anwältin|rechtsanwalt|rechtsanwältin|rechtsabteilung|rechtliche schritte|"
        "rechtlichen schritte|rechtlichen schritten|rechtsweg|klage|verklagen|vor gericht|gerichtlich|"
        "vertragsbruch|schadensersatz|schadenersatz|datenschutzbehörde|aufsichtsbehörde|strafanzeige|anzeige erstatten",
        "fr": "avocat|avocats|avocate|action en justice|actions en justice|poursuites judiciaires|"
        "poursuites|voie judiciaire|tribunal|tribunaux|mise en demeure|service juridique|"
        "rupture de contrat|dommages et intérêts|porter plainte|cnil|saisir la justice|recours juridique",
        "es": "abogado|abogados|abogada|acción legal|acciones legales|medidas legales|vía judicial|tribunal|tribunales|"
        "demanda judicial|demandarlos|demandarles|vamos a demandar|departamento jurídico|departamento legal|"
        "incumplimiento de contrato|daños y perjuicios|agencia de protección de datos|denuncia|denunciar|juzgado",
        "it": "avvocato|avvocati|legale rappresentante|azione legale|azioni legali|vie legali|tribunale|causa legale|"
        "fare causa|faremo causa|ufficio legale|inadempimento contrattuale|risarcimento danni|"
        "risarcimento dei danni|garante della privacy|garante per la privacy|denuncia|querela|diffida",
        "pt": "advogado|advogados|advogada|ação judicial|acção judicial|ações judiciais|medidas legais|"
        "medidas judiciais|ação legal|processo judicial|processar vocês|tribunal|departamento jurídico|"
        "quebra de contrato|incumprimento do contrato|perdas e danos|procon|anpd|cnpd|queixa-crime|na justiça",
        "ja": "弁護士|法的措置|法的手段|訴訟|訴え|裁判|法務部|契約違反|損害賠償|告訴|個人情報保護委員会|消費者センター",
        "zh": "律师|法律行动|法律手段|法律途径|起诉|诉讼|法院|法务部|违约|索赔|追究法律责任|律师函|投诉到监管",
    },
}  # fmt: skip

THINGS: dict[str, dict[str, str]] = {
    "system_down": {
        "en": "system|systems|server|servers|service|services|site|website|portal|platform|app|application|"
        "production|prod|everything|network|database|api|instance|cluster|tenant|environment|tool|software|shop",
        "de": "system|systeme|server|dienst|dienste|seite|webseite|website|portal|plattform|app|anwendung|"
        "produktion|produktivsystem|alles|netzwerk|datenbank|api|instanz|umgebung|software|shop",
        "fr": "système|systèmes|serveur|serveurs|service|services|site|portail|plateforme|plate-forme|application|"
        "appli|production|tout|réseau|base de données|api|instance|environnement|logiciel|boutique",
        "es": "sistema|sistemas|servidor|servidores|servicio|servicios|sitio|página|web|portal|plataforma|app|"
        "aplicación|producción|todo|red|base de datos|api|instancia|entorno|software|tienda",
        "it": "sistema|sistemi|server|servizio|servizi|sito|portale|piattaforma|app|applicazione|produzione|tutto|"
        "rete|database|api|istanza|ambiente|software|negozio",
        "pt": "sistema|sistemas|servidor|servidores|serviço|serviços|site|página|portal|plataforma|app|aplicação|"
        "aplicativo|produção|tudo|rede|banco de dados|base de dados|api|instância|ambiente|software|loja",
        "ja": "システム|サーバー|サーバ|サービス|サイト|ポータル|プラットフォーム|アプリ|本番|本番環境|ネットワーク|"
        "データベース|全体|環境|ソフト",
        "zh": "系统|服务器|服务|网站|门户|平台|应用|生产环境|网络|数据库|接口|环境|软件|整个",
    },
    "data_loss": {
        "en": "data|records|files|documents|backup|backups|entries|database|history|invoices|contacts|tables|rows|"
        "customers|work|reports|projects",
        "de": "daten|datensätze|dateien|dokumente|backup|backups|sicherung|sicherungen|einträge|datenbank|historie|"
        "rechnungen|kontakte|tabellen|berichte|projekte|kundendaten|arbeit",
        "fr": "données|enregistrements|fichiers|documents|sauvegarde|sauvegardes|entrées|base de données|historique|"
        "factures|contacts|rapports|projets|travail",
        "es": "datos|registros|archivos|ficheros|documentos|copia de seguridad|copias de seguridad|entradas|"
        "base de datos|historial|facturas|contactos|informes|proyectos|trabajo",
        "it": "dati|record|file|documenti|backup|copie di sicurezza|voci|database|cronologia|storico|fatture|"
        "contatti|rapporti|report|progetti|lavoro|archivi",
        "pt": "dados|registros|registos|arquivos|ficheiros|documentos|backup|backups|cópias de segurança|entradas|"
        "banco de dados|base de dados|histórico|faturas|contatos|contactos|relatórios|projetos|trabalho",
        "ja": "データ|レコード|ファイル|書類|バックアップ|履歴|請求書|連絡先|レポート|プロジェクト|記録",
        "zh": "数据|记录|文件|文档|备份|历史|发票|联系人|报表|项目|资料",
    },
    "security": {
        "en": "account|accounts|password|passwords|credentials|api key|api keys|token|tokens|customer data|"
        "personal data|our data|database|server|system|mailbox",
        "de": "konto|konten|account|passwort|passwörter|zugangsdaten|api-schlüssel|token|kundendaten|"
        "personenbezogene daten|daten|datenbank|server|system|postfach",
        "fr": "compte|comptes|mot de passe|mots de passe|identifiants|clé api|clés api|jeton|données|"
        "base de données|serveur|système|messagerie",
        "es": "cuenta|cuentas|contraseña|contraseñas|credenciales|clave api|claves api|token|datos|"
        "base de datos|servidor|sistema|buzón",
        "it": "account|conto|password|credenziali|chiave api|chiavi api|token|dati|database|server|sistema|casella",
        "pt": "conta|contas|senha|senhas|palavra-passe|credenciais|chave de api|chaves de api|token|dados|"
        "banco de dados|base de dados|servidor|sistema|caixa de correio",
        "ja": "アカウント|パスワード|認証情報|apiキー|トークン|個人情報|顧客情報|顧客データ|データ|サーバー|システム",
        "zh": "账户|账号|帐号|密码|凭证|密钥|令牌|个人信息|客户信息|客户数据|数据|服务器|系统",
    },
}  # fmt: skip

STATES: dict[str, dict[str, str]] = {
    "system_down": {
        "en": "is down|are down|went down|gone down|goes down|been down|still down|completely down|totally down|"
        "down since|down for|is offline|are offline|went offline|offline since|unreachable|not reachable|"
        "not responding|not respond|stopped responding|crashed|has crashed|unavailable|not available|"
        "stopped working|is dead|outage|inaccessible|down again|down completely|doesn't respond|does not respond",
        "de": "ausgefallen|fällt aus|fiel aus|ist down|sind down|offline|nicht erreichbar|nicht mehr erreichbar|"
        "nicht verfügbar|nicht mehr verfügbar|reagiert nicht|reagiert nicht mehr|antwortet nicht|antwortet nicht mehr|"
        "abgestürzt|zusammengebrochen|steht still|stehen still|ausfall|tot|lahmgelegt",
        "fr": "en panne|est tombé|est tombée|hors service|hors ligne|inaccessible|inaccessibles|indisponible|"
        "indisponibles|ne répond plus|ne répond pas|ne répondent plus|planté|plantée|a planté|à l'arrêt|ne marche plus|"
        "ne fonctionne plus|down|injoignable",
        "es": "caído|caída|caídos|caídas|se cayó|se ha caído|se cayeron|no responde|no responden|inaccesible|"
        "inaccesibles|fuera de línea|no disponible|no está disponible|no funciona nada|dejó de funcionar|"
        "ha dejado de funcionar|colapsado|colapsó|bloqueado por completo",
        "it": "è giù|sono giù|è caduto|è caduta|irraggiungibile|irraggiungibili|non raggiungibile|non risponde|"
        "non risponde più|non rispondono|offline|non disponibile|non è disponibile|è crollato|è crollata|bloccato|"
        "bloccata|è down|ha smesso di funzionare|inaccessibile|è fermo|è ferma",
        "pt": "caiu|caíram|está em baixo|está abaixo|não responde|não respondem|inacessível|inacessíveis|"
        "indisponível|indisponíveis|offline|parou de funcionar|parou completamente|deixou de funcionar|travado|"
        "travou|está parado|está parada|colapsou",
        "ja": "ダウン|落ちて|落ちました|停止して|停止しました|停止中|止まって|止まりました|応答しない|応答しません|応答がない|"
        "応答がありません|繋がらない|繋がりません|つながらない|つながりません|利用できない|利用できません|使えない|使えません|"
        "アクセスできない|アクセスできません|クラッシュ",
        "zh": "宕机|瘫痪|崩溃|挂了|挂掉|停机|无法访问|无法使用|无法连接|打不开|没有响应|无响应|不响应|不可用|断线|离线|中断",
    },
    "data_loss": {
        "en": "lost|gone|deleted|erased|wiped|wiped out|disappeared|vanished|corrupted|corrupt|destroyed|"
        "overwritten|went missing|overwrote|erased all",
        "de": "verloren|weg|gelöscht|verschwunden|vernichtet|überschrieben|beschädigt|zerstört|futsch|"
        "verloren gegangen|verlorengegangen|korrupt|unlesbar",
        "fr": "perdu|perdue|perdus|perdues|disparu|disparue|disparus|disparues|effacé|effacée|effacés|effacées|"
        "supprimé|supprimés|supprimées|écrasé|écrasés|écrasées|corrompu|corrompue|corrompus|corrompues|détruites",
        "es": "perdido|perdidos|perdidas|perdimos|perdieron|desaparecido|desaparecieron|desaparecidos|borrado|"
        "borrados|borraron|borró|borraron|eliminado|eliminados|eliminó|eliminaron|sobrescrito|sobrescritos|"
        "corruptos|dañados|perder",
        "it": "perso|persi|perse|perduti|spariti|sparite|sparito|scomparsi|scomparse|scomparso|cancellati|"
        "cancellato|cancellate|eliminati|eliminate|sovrascritti|corrotti|danneggiati|andati persi",
        "pt": "perdido|perdidos|perdidas|perdemos|perderam|perdeu|sumiram|sumiu|desapareceram|desapareceu|apagado|"
        "apagados|apagou|apagaram|excluídos|eliminados|sobrescritos|corrompidos|danificados|foram-se",
        "ja": "消えて|消えた|消えました|消失|失われ|失った|なくなって|なくなりました|無くなりました|削除されて|削除されました|削除してしまい|"
        "壊れて|壊れました|破損|上書きされ|見当たらない",
        "zh": "丢失|丢了|没了|不见了|消失|被删|被删除|删除了|损坏|被覆盖|被清空|清空了|遗失|全丢",
    },
    "security": {
        "en": "hacked|compromised|stolen|leaked|exposed|hijacked|breached|taken over|broken into|published online",
        "de": "gehackt|kompromittiert|gestohlen|geleakt|offengelegt|gekapert|abgegriffen|entwendet|einsehbar|"
        "missbraucht|veröffentlicht",
        "fr": "piraté|piratée|piratés|compromis|compromise|compromises|volé|volée|volés|volées|divulgué|divulguées|"
        "exposées|exposés|fuité",
        "es": "hackeada|hackeado|comprometida|comprometido|comprometidas|comprometidos|robada|robadas|robado|robados|"
        "filtrado|filtrados|filtradas|expuestos|expuestas|robaron",
        "it": "hackerato|compromesso|compromessa|compromessi|compromesse|rubato|rubata|rubati|rubate|trapelati|"
        "trafugati|esposti|esposte|diffusi",
        "pt": "hackeada|hackeado|comprometida|comprometido|comprometidas|comprometidos|roubada|roubadas|roubado|"
        "roubados|vazado|vazados|vazaram|expostos|expostas|invadida|invadido|pirateada|roubaram",
        "ja": "漏洩|漏えい|流出|盗まれ|乗っ取られ|侵害され|悪用され|公開されて",
        "zh": "泄露|泄漏|被盗|被黑|被窃|被入侵|被窃取|窃取|外泄|被公开|被劫持|盗用",
    },
}  # fmt: skip

DENIED: dict[str, str] = {
    "en": "not|n't|n’t|no|never|without|neither|nor|none|cannot|hardly|avoid|avoiding|avoids|prevent|preventing|prevents|"
    "against",
    "de": "nicht|kein|keine|keinen|keinem|keiner|keines|keinerlei|nie|niemals|ohne|weder|gegen|vermeiden|verhindern",
    "fr": "pas|sans|aucun|aucune|jamais|ni|contre|éviter|évite|prévenir|empêcher",
    "es": "no|sin|ningún|ninguna|ninguno|nunca|jamás|ni|tampoco|contra|evitar|prevenir",
    "it": "non|senza|nessun|nessuna|nessuno|mai|né|contro|evitare|prevenire",
    "pt": "não|nao|sem|nenhum|nenhuma|nunca|jamais|nem|contra|evitar|prevenir",
    "ja": "",
    "zh": "不是|并非|没有|没|并未|未|无|不会|从未|从不|不需要|不必|不想|不打算|防止|避免|防",
}
"""Words that deny or avert what follows within a few words."""

SUPPOSED: dict[str, str] = {
    "en": "if|whether|in case of|unless|would|could",
    "de": "wenn|falls|ob|im falle|wäre|würde",
    "fr": "si|en cas de|en cas d'|serait",
    "es": "si|en caso de|sería",
    "it": "se|in caso di|sarebbe",
    "pt": "caso|em caso de|seria",
    "ja": "もし|万が一",
    "zh": "如果|万一|要是|假如",
}
"""Words after which it is only supposed."""

DENIED_AFTER: dict[str, str] = {
    "en": "is not the case|did not happen|has not happened|prevention|protection|insurance",
    "de": "ist nicht|nicht eingetreten|zu vermeiden|vermeiden|verhindern|vorbeugen|liegt nicht vor|gab es nicht|nicht",
    "fr": "n'est pas|n'a pas|ne s'est pas|n’est pas|évité",
    "es": "no ha ocurrido|no hubo|no es el caso|evitada",
    "it": "non c'è stata|non è avvenuta|non è il caso|evitata",
    "pt": "não ocorreu|não houve|não é o caso|evitada",
    "ja": "ではありません|ではない|じゃない|でない|ではなく|では無|はありません|はない|していません|していない|いません|"
    "いない|わけではな|ませんでした|なかった|を防|防止|対策|たら|た場合|した場合|れば|は必要ありません|は不要|つもりはありません|"
    "つもりはない|予定はありません|は考えていません",
    "zh": "的可能性不大|没有发生|并未发生|没有出现|的防护|怎么办",
}
"""What takes it back after it."""

YET: dict[str, str] = {
    "en": "only|just|merely", "de": "nur|bloß", "fr": "seulement|uniquement", "es": "solo|sólo|solamente",
    "it": "solo|soltanto", "pt": "só|apenas|somente", "ja": "", "zh": "只是|仅",
}  # fmt: skip
