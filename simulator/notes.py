"""What agents and customers write when a ticket is done."""

import random

from simulator.catalogue import Solution
from simulator.words import words

FIRST_LOOK = (
    "", "", "Looked at the logs. ", "Went through it with {who}. ", "Checked the set-up of {product}. ",
    "Compared with another tenant. ",
    "Took over from the first level. ",
    "Asked for details, got them. ", "Could reproduce it on {version}. ",
    "Remote session. ",
)  # fmt: skip
IN_VAIN = (
    "Tried first: {action}; no change. ", "{action} did not help. ", "First attempt ({action}) in vain. ",
    "Without success: {action}. ", "Suggested before: {action}. ",
)  # fmt: skip
CLOSING = (
    "", "", "Confirmed by {who}. ", "Closing after two days of quiet. ", "Customer is content. ",
    "Will keep an eye on it. ",
    "Note added to the account. ", "Told {who} how to avoid it. ", "Tested together. ",
)  # fmt: skip
UNSOLVED = (
    "Could not find the reason. ", "Handed over, closed here. ", "Customer found a way round it. ",
    "No answer to our questions, closed. ",
    "Merged into another ticket. ", "Not reproducible in our lab. ", "Left as it is for the time being. ",
    "Closed at the customer's wish. ", "Nothing known that helps. ", "Third level keeps it on its list. ",
)  # fmt: skip


def note(
    solutions: tuple[Solution, ...], tried: tuple[int, ...], solved: bool, fill: dict[str, str], draw: random.Random
) -> str:
    """What an agent writes down: now and then what failed, then what helped."""
    text = draw.choice(FIRST_LOOK)
    failed = tried[:-1] if solved else tried
    if failed and draw.random() < 0.6:
        text += draw.choice(IN_VAIN).replace("{action}", solutions[draw.choice(failed)].action)
    text += draw.choice(solutions[tried[-1]].sentences) + " " if solved else draw.choice(UNSOLVED)
    if draw.random() < 0.6:
        text += draw.choice(CLOSING)
    for slot, value in {**fill, "count": str(draw.randrange(2, 31))}.items():
        if "{" not in text:
            break
        text = text.replace("{" + slot + "}", value)
    return text.strip()


def feedback(language: str, score: int, name: str, draw: random.Random) -> str:
    """What the customer answers to the question how it was."""
    vocabulary = words(language)
    phrases = vocabulary.tables["feedback"][str(score)]
    said = []
    for one in draw.sample(range(len(phrases)), 1 + (draw.random() < 0.35)):
        filled = ""
        for literal, slot in draw.choice(phrases[one]):
            filled += literal + (name if slot == "agent" else str(draw.randrange(2, 20)) if slot else "")
        said.append(filled)
    return (vocabulary.stop + vocabulary.space).join(said)
