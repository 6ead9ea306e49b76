"""Fixed texts of ours on which an encoder is quantized and then judged, in the eight languages of our tickets."""

LINES = {
    "en": (
        "The export to CSV stops at 40 % since we updated to 4.2.1.",
        "Our invoice lists the same subscription twice, please refund one of them.",
        "Two-factor codes arrive late and are rejected as expired.",
        "How do I give a colleague read-only access to the dashboard?",
        "The nightly sync job failed with ERROR 503 and no data came in.",
        "We love the new editor, but saving takes half a minute!",
    ),
    "de": (
        "Seit dem Update bricht der Abgleich nach wenigen Sekunden ab.",
        "Bitte ändern Sie unsere Rechnungsadresse, wir sind umgezogen.",
        "Die Anmeldung über Single Sign-on führt in eine Endlosschleife.",
        "Warum fehlen im Bericht die Zahlen vom letzten Monat?",
        "Die API antwortet auf jede zweite Anfrage mit ERR_TIMEOUT.",
        "Wir warten seit drei Tagen auf eine Antwort, das ist inakzeptabel.",
    ),
    "fr": (
        "Le tableau de bord reste vide depuis ce matin.",
        "Je voudrais résilier notre abonnement à la fin du mois.",
        "Impossible de réinitialiser le mot de passe, le courriel n'arrive jamais.",
        "L'importation du fichier échoue avec le code IMP-207.",
        "Pourriez-vous augmenter la limite d'appels de notre compte ?",
        "Merci beaucoup, tout fonctionne de nouveau.",
    ),
    "es": (
        "La aplicación se cierra sola al abrir un documento grande.",
        "Nos han cobrado dos veces la misma licencia.",
        "No puedo iniciar sesión desde el teléfono nuevo.",
        "¿Cómo se conecta el almacén de datos con la herramienta de informes?",
        "Las notificaciones llegan con varias horas de retraso.",
        "Necesitamos una solución urgente, la producción está parada.",
    ),
    "it": (
        "La pagina di pagamento mostra un errore interno.",
        "Vorrei aggiungere cinque utenti al nostro contratto.",
        "I grafici non corrispondono ai dati esportati.",
        "Il collegamento con il server di posta è scaduto.",
        "Dopo l'aggiornamento il modulo è molto più lento.",
        "Dove trovo la documentazione delle interfacce?",
    ),
    "pt": (
        "O backup automático não terminou esta noite.",
        "Preciso de uma segunda via da fatura de março.",
        "O aplicativo pede permissão de administrador toda vez.",
        "Os filtros da pesquisa não devolvem nenhum resultado.",
        "A integração com o calendário deixou de funcionar.",
        "Quando será corrigido o problema de ontem?",
    ),
    "ja": (
        "更新後、レポートの読み込みが終わりません。",
        "請求書の金額が契約と違います。",
        "パスワードを再設定しても、ログインできません。",
        "データの同期がエラー504で失敗しました。",
        "新しいメンバーに権限を付与する方法を教えてください。",
        "検索がとても遅くて、仕事になりません。",
    ),
    "zh": (
        "升级到最新版本后无法打开控制台。",
        "我们想把账单改为按年支付。",
        "导出的文件里有乱码,表格无法使用。",
        "接口经常超时,返回错误代码 E1042。",
        "如何删除已经离职员工的账号?",
        "系统今天上午中断了两个小时,请尽快处理。",
    ),
}
LOG = (
    "2026-02-11 09:14:03 ERROR worker-7 connection reset by peer (10.0.3.18:5432), retry 3/3\n"
    "Traceback (most recent call last):\n"
    '  File "/srv/app/jobs/sync.py", line 214, in run\n'
    "    cursor.execute(statement, parameters)\n"
    "OperationalError: server closed the connection unexpectedly"
)
SHORT = ("", "help", "Hi", "refund?", "登录", "ERR-4711", "😡😡😡", "مرحبا، لا أستطيع تسجيل الدخول")


def calibration_texts() -> list[str]:
    """Short, middling and long texts, 75 in all."""
    lines = [line for spoken in LINES.values() for line in spoken]
    letters = [" ".join(spoken) for spoken in LINES.values()]
    mixed = [" ".join(lines[start::11]) for start in range(11)]
    return [*lines, *letters, *mixed, LOG, *SHORT[1:]]


def judging_texts() -> list[str]:
    """Other texts than those of the calibration: pairs of lines, and lines beside a log; 57 in all."""
    lines = [line for spoken in LINES.values() for line in spoken]
    pairs = [f"{first}\n{second}" for first, second in zip(lines, reversed(lines), strict=True)]
    logs = [f"{spoken[0]}\n{LOG}" for spoken in LINES.values()]
    return [*pairs, *logs, SHORT[0]]
