"""The Shiny app of ``examples/shiny`` in a real browser, as a server of apps runs it: R, and nothing else.

The kernel lets the app's process start no program but R and what R's own front end needs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from tests.conftest import ROOT, Server, serving

from modelyard.runtime.sandbox import landlock
from modelyard.runtime.sandbox.kernel import PR_SET_NO_NEW_PRIVS, prctl

APP = ROOT / "examples/shiny"
OWN = """
own <- function(...) format(predict(model, data.frame(...)))
cat(jsonlite::toJSON(auto_unbox = TRUE, list(
  first = own(wt = 2.5, hp = 110, cyl = 4, disp = 160),
  second = own(wt = 3.2, hp = 145, cyl = 8, disp = 160),
  heavier = own(wt = 3.2, hp = 110, cyl = 4, disp = 160),
  table = format(predict(model, mtcars)),
  file = format(predict(model, data.frame(wt = c(2, 5), hp = 90, cyl = c(4, 8), disp = c(99, 400))))
)))
"""
OF_R_S_FRONT_END = ("R", "Rscript", "bash", "sh", "sed", "uname", "rm")
EXECUTE = 1 << 0


@dataclass(frozen=True)
class Deployed:
    """A service, and what R's own predict() says in the digits that R shows."""

    server: Server
    url: str
    token: str
    first: str
    second: str
    heavier: str
    table: list[str]
    file: list[str]


@dataclass(frozen=True)
class App:
    """The app in the browser."""

    page: Chrome
    process: subprocess.Popen[str]

    def shows(self, element: str, text: str) -> None:
        """Wait until the element's text has this part."""
        self._waits(lambda: text in self.text(element), f"{element} never showed {text!r}")

    def shows_mpg(self, number: str) -> None:
        """Wait until this number, and no other, is what is predicted for the one car."""
        text = f"{number} miles per gallon"
        self._waits(lambda: self.text("mpg") == text, f"{text!r} was never shown")

    def shows_table(self, predicted: list[str]) -> None:
        """Wait until the first column of the table is this."""
        script = (
            "return [...document.querySelectorAll('#table td:nth-child(2)')].map(c => c.innerText)"
        )
        self._waits(lambda: self.page.execute_script(script) == predicted, "another table is shown")

    def text(self, element: str) -> str:
        script = "return document.getElementById(arguments[0]).innerText.trim()"
        return str(self.page.execute_script(script, element))

    def enter(self, name: str, value: str) -> None:
        field = self.page.find_element(By.ID, name)
        field.clear()
        field.send_keys(value)

    def click(self, css: str) -> None:
        self.page.find_element(By.CSS_SELECTOR, css).click()

    def upload(self, file: Path) -> None:
        self.page.find_element(By.ID, "file").send_keys(str(file))

    def _waits(self, true: Callable[[], bool], otherwise: str) -> None:
        try:
            WebDriverWait(self.page, 20, 0.05).until(lambda _: true())
        except TimeoutException:
            pytest.fail(f"{otherwise}; now: {self.text('mpg')!r}, {self.text('table')[:300]!r}")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """As the page of the app tells a reader to, with the address and the token that it prints."""
    told = re.search(r"```r\n(.*?)```", (APP / "README.md").read_text(), re.DOTALL)[1]
    with serving(tmp_path_factory.mktemp("shiny")) as server:
        url, token, own = server.r(told + OWN).stdout.splitlines()
        yield Deployed(server, url.split('"')[1], token.split('"')[1], **json.loads(own))


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium is not installed"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = shutil.which("chromedriver") or "chromedriver is not installed"
    page = Chrome(options, ChromeService(driver))
    yield page
    page.quit()


def only_r_may_run() -> None:
    """Let this process and those it starts run the programs of R's front end, and no other."""
    programs = [os.path.realpath(shutil.which(name) or name) for name in OF_R_S_FRONT_END]
    libraries = ["/lib", "/lib64", "/usr/lib"]  # R itself, and what loads it
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    anything = [("/", ~EXECUTE), *((path, EXECUTE) for path in programs + libraries)]
    landlock.restrict(1, anything)


def machine_of_apps(home: Path, variables: dict[str, str]) -> dict[str, object]:
    """How R is started where no Python and no account of Modelyard is."""
    found = home / "bin"
    found.mkdir()
    for name in OF_R_S_FRONT_END:
        (found / name).symlink_to(shutil.which(name) or name)
    libraries = {"R_LIBS_USER": str(ROOT / ".rlib")}
    environment = {"PATH": str(found), "HOME": str(home), "LANG": "C.UTF-8"} | libraries | variables
    return {"env": environment, "preexec_fn": only_r_may_run, "text": True, "cwd": home}


@contextmanager
def running(url: str, token: str, browser: Chrome, home: Path) -> Iterator[App]:
    """The app's process and its page. Errors are kept from the page, as Posit Connect does."""
    run = f"options(shiny.sanitize.errors = TRUE); shiny::runApp('{APP}')"
    where = {"MODELYARD_SERVICE_URL": url, "MODELYARD_TOKEN": token}
    machine = machine_of_apps(home, where)
    process = subprocess.Popen(["Rscript", "-e", run], stderr=subprocess.PIPE, **machine)
    try:
        said = iter(process.stderr.readline, "")
        address = next((line.split()[-1] for line in said if line.startswith("Listening on")), None)
        assert address, process.wait()
        browser.get(address)
        yield App(browser, process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def app(
    deployed: Deployed, browser: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    home = tmp_path_factory.mktemp("apps")
    with running(deployed.url, deployed.token, browser, home) as app:
        yield app


def test_the_page_shows_the_numbers_of_r(app: App, deployed: Deployed) -> None:
    app.shows_mpg(deployed.first)
    app.shows_table(deployed.table)
    app.enter("wt", "3.2")
    app.enter("hp", "145")
    app.click("input[name=cyl][value='8']")
    app.shows_mpg(deployed.second)
    app.enter("hp", "")
    app.shows("mpg", "Give all four numbers.")
    app.enter("hp", "145")
    app.shows_mpg(deployed.second)


def test_a_file_is_scored_and_what_is_wrong_in_one_is_named(
    app: App, deployed: Deployed, tmp_path: Path
) -> None:
    files = {
        "many.csv": b"wt,hp,cyl,disp\n2,many,4,99\n",
        "short.csv": b"wt,hp,cyl\n2,90,4\n",
        "empty.csv": b"",
        "picture.csv": bytes(range(256)) * 8,
        "good.csv": b"wt,hp,cyl,disp\n2,90,4,99\n5,90,8,400\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    app.upload(tmp_path / "many.csv")
    app.shows("table", "column hp, row 1: text 'many' given, double expected")
    app.upload(tmp_path / "short.csv")
    app.shows("table", "missing column disp")
    app.upload(tmp_path / "empty.csv")
    app.shows("table", "This is not a CSV file: ")
    app.upload(tmp_path / "good.csv")
    app.shows_table(deployed.file)
    app.upload(tmp_path / "picture.csv")
    app.shows("table", "This is not a CSV file: ")
    app.upload(tmp_path / "good.csv")
    app.shows_table(deployed.file)


def test_a_service_that_is_away_is_said_to_be_and_asked_again(app: App, deployed: Deployed) -> None:
    app.page.refresh()
    app.shows_mpg(deployed.first)
    deployed.server.cli("server", "stop", "--services")
    app.enter("wt", "3.2")
    app.shows("mpg", "The service does not answer.")
    deployed.server.cli("server", "start")
    app.shows_mpg(deployed.heavier)


def test_a_token_that_was_revoked_is_told_in_plain_words(
    deployed: Deployed, browser: Chrome, tmp_path: Path
) -> None:
    cli, service = deployed.server.cli, "ML_DB.MODELS.mpg_service"
    token = cli("token", "create", "revoked", "--role", "caller", "--service", service).strip()
    with running(deployed.url, token, browser, tmp_path) as app:
        app.shows_mpg(deployed.first)
        cli("token", "revoke", "revoked")
        app.enter("wt", "3.2")
        app.shows("mpg", "The service does not accept this app's token")
        app.page.refresh()
        app.shows("table", "The service does not accept this app's token")


def test_the_app_has_no_python(app: App, tmp_path: Path) -> None:
    loaded = Path(f"/proc/{app.process.pid}/maps").read_text()
    assert "/httpuv.so" in loaded and "libpython" not in loaded
    tried = f"cat(suppressWarnings(system2('{os.path.realpath(sys.executable)}', '-V')))"
    machine = machine_of_apps(tmp_path, {})
    said = subprocess.run(["Rscript", "-e", tried], capture_output=True, check=True, **machine)
    assert re.fullmatch("12[67]", said.stdout), "a program that is not R's was run"


def test_beyond_shiny_it_needs_httr2_alone() -> None:
    code = """
    known <- installed.packages()
    needs <- function(of) tools::package_dependencies(of, known, recursive = TRUE)[[1]]
    own <- rownames(known)[known[, "Priority"] %in% c("base", "recommended")]
    stopifnot("httr2" %in% needs("modelyard"))
    cat(setdiff(needs("modelyard"), c("httr2", needs("shiny"), needs("httr2"), own)))
    """
    environment = os.environ | {"R_LIBS_USER": str(ROOT / ".rlib")}
    command = ["Rscript", "-e", code]
    assert subprocess.check_output(command, env=environment, text=True) == ""
