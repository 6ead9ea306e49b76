"""Fifty readers, threads and processes, while versions are published and removed under them."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from warehouse import marts

PUBLICATIONS = 5
THREADS = 47
PROCESSES = 3

READER = """
import sys
from pathlib import Path
from time import sleep
from warehouse.marts import open_metrics

root, reads = Path(sys.argv[1]), 0
while not (root / "done").exists() or not reads:
    with open_metrics(root) as connection:
        tickets = connection.execute("select count(*) from fct_tickets").fetchone()[0]
        said = connection.execute("select rows from _catalogue where name = 'fct_tickets'").fetchone()[0]
        assert tickets == said, (tickets, said)
    reads += 1
    sleep(0.3)
print(reads)
"""


def test_fifty_readers_see_one_whole_version_each_while_others_are_published(lake, publish):
    publish(rows=1)
    done = threading.Event()

    def read(_: int) -> int:
        reads = 0
        while not done.is_set() or not reads:
            with marts.open_metrics(lake.root) as connection:
                query = "select count(*), (select rows from _catalogue where name = 'fct_tickets') from fct_tickets"
                tickets, said = connection.execute(query).fetchone()
                assert tickets == said
            reads += 1
            done.wait(1)  # opening takes 15 ms: fifty busy loops would only measure the machine
        return reads

    processes = [
        subprocess.Popen([sys.executable, "-c", READER, str(lake.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        readers = [pool.submit(read, i) for i in range(THREADS)]
        try:
            for rows in range(2, 2 + PUBLICATIONS):
                publish(rows=rows)
        finally:
            done.set()
            (lake.root / "done").touch()
        assert all(reader.result() >= 1 for reader in readers)

    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        assert int(out) >= 1
    assert len(list((lake.root / "metrics").iterdir())) == marts.KEPT_VERSIONS


def test_a_reader_of_dbt_s_database_is_not_needed_to_read_metrics(lake, publish, build):
    publish(rows=3)
    database: Path = build(rows=4)

    with duckdb.connect(str(database)), marts.open_metrics(lake.root) as connection:
        assert connection.execute("select count(*) from dim_agents").fetchone() == (3,)
