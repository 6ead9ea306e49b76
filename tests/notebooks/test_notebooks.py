"""Notebooks run on a learned lake and are stored without outputs; documents tell what it released."""

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from warehouse.releases import open_release

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PLOTS = {"exploration": 8, "modelling": 6}


@pytest.fixture(scope="module")
def learned(built_once, tmp_path_factory, run):
    """A lake with a champion for each target."""
    root = tmp_path_factory.mktemp("learned") / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    done = run(root, "build", "--learn")
    assert done.returncode == 0, done.stderr
    return root


def executed(name, root):
    """The notebook after its cells ran in a kernel of their own."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=240, kernel_name="python3")
    return client.execute(env={**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": ""})


def shown(notebook, kind):
    """What cells displayed in this form."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.parametrize("name", PLOTS)
def test_every_cell_runs_and_plots_are_there(name, learned):
    notebook = executed(name, learned)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert all(output.output_type != "error" for cell in code for output in cell.outputs)
    assert len(shown(notebook, "image/png")) >= PLOTS[name]
    said = "\n".join(shown(notebook, "text/markdown"))
    assert "category is not there" not in said
    assert "analysis of errors is not there" not in said


def test_documents_tell_what_was_released(learned, run, tmp_path):
    done = run(learned, "report", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    champion = open_release(learned).artifact("models/category")
    told = (tmp_path / "category.md").read_text(encoding="utf-8")
    assert champion.digest in told
    assert f"| **{champion.card['method'].split()[0]}** |" in told
    assert "Not analysed" not in told
    for page in tmp_path.glob("*.md"):
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (tmp_path / link).exists(), (page.name, link)


def test_documents_say_when_no_model_is_there(built_once, run, tmp_path):
    done = run(built_once[0], "report", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "models/category" in done.stderr


def test_the_notebook_of_models_says_when_none_is_there(built_once, tmp_path):
    root = tmp_path / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    said = "\n".join(shown(executed("modelling", root), "text/markdown"))
    assert "**A model for category, subcategory" in said
    assert "ticketlake build --learn" in said


@pytest.mark.parametrize("file", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda file: file.stem)
def test_notebooks_are_stored_without_outputs_and_explain_what_follows(file):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert sum(cell.cell_type == "markdown" for cell in notebook.cells) >= len(code) - 2
