"""The realistic tickets are hard enough to mean something, and not harder than their own ceiling."""

import re
from collections import Counter, defaultdict

import numpy as np
import polars as pl

NAMES = {"person", "company", "email", "phone", "product", "module", "version", "error_code", "ticket", "ip", "card"}
NAMES |= {"iban", "token", "url", "path", "exception"}


def masked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]}#{text[end:]}"
    return re.sub(r"\d+", "0", text).lower()


def test_hardly_a_description_repeats_once_names_and_numbers_are_masked(simulated):
    spans = defaultdict(list)
    names = simulated.truth["spans"].filter((pl.col("field") == "description") & pl.col("kind").is_in(list(NAMES)))
    for key, start, end in names.select("ticket_id", "start", "end").iter_rows():
        spans[key].append((start, end))

    seen = Counter(masked(ticket["description"], spans[ticket["ticket_id"]]) for ticket in simulated.tickets)

    repeated = sum(count for count in seen.values() if count > 1)
    assert repeated / len(simulated.tickets) <= 0.02


def test_no_field_code_or_resolution_sentence_identifies_a_cause(simulated):
    cause = dict(simulated.truth["tickets"].select("ticket_id", "cause").iter_rows())
    values: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for ticket in simulated.tickets:
        mine = cause[ticket["ticket_id"]]
        for field, value in ticket.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, (str, bool, int)) and len(str(one)) < 60:
                    values[field, str(one)][mine] += 1
        found = [
            (("code", code)) for code in set(re.findall(r"ERROR_\w+", ticket["error_logs"] + ticket["description"]))
        ]
        found += [
            ("exception", name) for name in set(re.findall(r"\w+(?:Exception|Error|Detected)\b", ticket["stack_trace"]))
        ]
        sentences = re.split(r"(?<=\.) ", re.sub(r"\d+", "0", ticket["resolution"] or ""))
        found += [("sentence", sentence) for sentence in sentences if sentence]
        for key in found:
            values[key][mine] += 1

    telling = {
        key: counter.most_common(1)[0]
        for key, counter in values.items()
        if counter.total() >= 30 and counter.most_common(1)[0][1] / counter.total() > 0.92
    }
    assert not telling


def test_tfidf_with_logistic_regression_stays_8_to_25_points_below_the_category_ceiling(simulated):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    truth, tickets = simulated.truth["tickets"], simulated.by_id
    texts = [f"{tickets[key]['subject']}\n{tickets[key]['description']}" for key in truth["ticket_id"]]
    recorded = [tickets[key]["category"] for key in truth["ticket_id"]]
    clean = truth["category"].fill_null("none of these").to_numpy()
    split = int(0.8 * len(texts))
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2)), LogisticRegression(C=4, max_iter=300)
    )

    accuracy = (model.fit(texts[:split], recorded[:split]).predict(texts[split:]) == clean[split:]).mean()

    ceiling = np.stack(truth["p_category"].to_list())[split:].max(axis=1).mean()
    assert 0.08 <= ceiling - accuracy <= 0.25, f"accuracy {accuracy:.3f}, ceiling {ceiling:.3f}"


def test_labels_carry_three_to_eight_percent_of_noise(simulated):
    truth = simulated.truth["tickets"].filter(pl.col("category").is_not_null())
    tickets = simulated.by_id
    for field, name in (("category", "category"), ("subcategory", "subcategory"), ("priority", "priority")):
        recorded = [tickets[key][field] for key in truth["ticket_id"]]
        wrong = (truth[name] != pl.Series(recorded)).mean()
        assert 0.03 <= wrong <= 0.08, f"{field}: {wrong:.3f}"


def test_classes_are_imbalanced(simulated):
    truth = simulated.truth["tickets"]
    categories = truth["category"].drop_nulls().value_counts(normalize=True)["proportion"]
    subcategories = truth["subcategory"].drop_nulls().value_counts(normalize=True)["proportion"]

    assert 0.3 <= categories.max() <= 0.4
    assert len(categories) == 5
    assert len(subcategories) == 25
    assert (subcategories < 0.02).sum() >= 5


def test_symptoms_share_causes_and_codes_fit_at_least_three(simulated):
    causes = simulated.truth["causes"]
    assert len(causes) >= 150
    codes = causes.explode("codes")["codes"].value_counts()
    assert codes["count"].min() >= 3

    tickets = simulated.truth["tickets"].filter(pl.col("said_code").is_not_null())
    spread = tickets.group_by("said_code").agg(pl.col("cause").n_unique().alias("causes"), pl.len())
    assert spread.filter(pl.col("len") >= 10)["causes"].min() >= 3
