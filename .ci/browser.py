"""Opens the reports of invented months in Chromium, as a clerk does, and looks at what no test in Rust can see.

Usage: browser.py MONTHS AXE SCREENSHOTS    MONTHS has a folder for each month, with report.html and mail.html
"""

import pathlib
import shutil
import sys
import time

from playwright.sync_api import Error, sync_playwright

MONTHS, AXE, SCREENSHOTS = (pathlib.Path(argument) for argument in sys.argv[1:4])
CHROMIUM = shutil.which("chromium")
WIDTHS = (320, 360, 768, 1200, 1440)
SCHEMES = ("light", "dark")
# Widths of which a picture is kept.
PICTURES = {"report": (360, 1440), "mail": (360, 1200)}
USABLE_SECONDS_MAX = 5.0
# Months that are looked at in every width; each is another kind of page.
REPORTS = ("usual", "clean", "before-mapping", "nothing-compared", "many-currencies", "hostile", "large")
MAILS = ("usual", "clean", "before-mapping", "hostile")

problems = []


def check(is_right, what):
    if not is_right:
        problems.append(what)
        print(f"  WRONG: {what}")


class Sheet:
    """One file in a page of the browser, with what it asked for and complained of."""

    def __init__(self, browser, month, name):
        self.title = f"{month} {name}"
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.set_default_timeout(20_000)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog"), dialog.dismiss()))
        self.url = (MONTHS / month / f"{name}.html").resolve().as_uri()
        self.page.goto(self.url)

    def done(self):
        check(self.requests == [self.url], f"{self.title} asked for {self.requests}")
        check(not self.complaints, f"{self.title} complains: {self.complaints}")
        self.page.close()

    def check(self, is_right, what):
        check(is_right, f"{self.title}: {what}")

    def text(self, selector):
        return self.page.locator(selector).first.inner_text()

    def shown(self):
        """How many rows the page says that it shows."""
        return int(self.text("[role=status]").split()[0].rstrip(".").replace(",", ""))

    def until(self, is_so, what):
        end = time.monotonic() + 10
        while not is_so():
            if time.monotonic() > end:
                self.check(False, f"{what} did not happen")
                return
            self.page.wait_for_timeout(20)

    def widths(self, kind):
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": 800})
                needed = self.page.evaluate("document.documentElement.scrollWidth")
                self.check(needed <= width, f"needs {needed} pixels of {width} ({scheme})")
                if width in PICTURES[kind]:
                    name = f"{self.title.replace(' ', '-')}-{width}-{scheme}.png"
                    self.page.screenshot(path=SCREENSHOTS / name, clip={"x": 0, "y": 0, "width": width, "height": min(self.height(), 4000)}, full_page=True)
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def height(self):
        return self.page.evaluate("document.documentElement.scrollHeight")

    def accessible(self):
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            for width in (360, 1440):
                self.page.set_viewport_size({"width": width, "height": 900})
                found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                for violation in found["violations"]:
                    if violation["impact"] in ("serious", "critical"):
                        where = [node["html"][:160] for node in violation["nodes"][:3]]
                        self.check(False, f"axe, {width} {scheme}: {violation['id']}: {where}")
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def load_axe(self):
        self.page.evaluate(AXE.read_text() + "; undefined")


def what_is_usual(browser):
    """The parts of the page, one after another, with a mouse."""
    sheet = Sheet(browser, "usual", "report")
    page = sheet.page
    everything = sheet.shown()
    sheet.check(everything == page.locator("tr.row").count() > 10, "does not show all rows")
    for css in ("add", "reduce", "cleanup"):
        of_run = page.locator(f".tile.{css} dd").all_inner_texts()
        of_rows = sheet.text(f".sums .{css}").split(": ", 1)[1].strip()
        sheet.check("; ".join(of_run) == of_rows, f"the run has {of_run}, its rows {of_rows}")
    page.get_by_label("Search").fill("hartwell mng")
    sheet.until(lambda: sheet.shown() == 1, "a search")
    page.locator("tr.row").first.click()
    behind = sheet.text("td.detail")
    for words in ("380 MNG-WKS at GBP 38.50", "412", "should bill", "380 → 412", "next step"):
        sheet.check(words in behind, f"behind the row is no {words}: {behind}")
    page.get_by_role("button", name="Show all").click()
    sheet.until(lambda: sheet.shown() == everything, "show all")
    page.locator(".filter summary", has_text="Kind").click()
    page.get_by_label("not reconciled").check()
    sheet.until(lambda: 0 < sheet.shown() < everything, "a filter")
    sheet.check(set(page.locator("tr.row .what").all_inner_texts()) == {"not reconciled"}, "shows other kinds")
    page.keyboard.press("Escape")
    sheet.check(page.evaluate("document.activeElement.tagName") == "SUMMARY", "Escape leaves the filter open")
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Group by").select_option("")
    page.get_by_role("columnheader", name="Client").get_by_role("button").click()
    clients = page.locator("tr.row td.client b").all_inner_texts()
    # Those without a client come last.
    named = [client for client in clients if client != "Pellworth (old tenant)"]
    sheet.check(clients[:len(named)] == sorted(named, key=str.casefold), f"is not in order: {clients}")
    page.get_by_role("columnheader", name="Client").get_by_role("button").click()
    sheet.check(page.locator("tr.row td.client b").all_inner_texts() == clients[::-1], "is not the other way round")
    page.get_by_label("Sort by").select_option("value")
    page.get_by_label("Group by").select_option("client")
    sheet.check("to add" in sheet.text("tr.group"), "a group has no sum")
    page.locator(".bar-name", has_text="M365-BP").first.click()
    sheet.until(lambda: sheet.shown() < everything, "a click on a bar")
    page.locator("#sheets summary").first.click()
    sheet.until(lambda: "Pellworth (old tenant)" in sheet.text("#sheets"), "the mapping proposals")
    page.emulate_media(media="print")
    sheet.check(not page.locator(".tools").first.is_visible(), "prints the tools")
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 320, "height": 800})
    for summary in page.locator(".filter summary:visible").all():
        summary.click()
        needed = page.evaluate("document.documentElement.scrollWidth")
        sheet.check(needed <= 320, f"an open filter needs {needed} pixels of 320")
        page.keyboard.press("Escape")
    sheet.load_axe()
    page.locator(".opener").first.click()
    sheet.accessible()
    sheet.done()


def by_keyboard(browser):
    """From the top of the page to what is behind a row, without a mouse."""
    sheet = Sheet(browser, "usual", "report")
    page = sheet.page
    focused = "document.activeElement"
    page.keyboard.press("Tab")
    sheet.check(page.evaluate(f"{focused}.className") == "skip", "the first stop is no skip link")
    page.keyboard.press("Enter")
    sheet.check(page.evaluate(f"{focused}.id") == "exceptions", "the skip link leads elsewhere")
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(f"{focused}.className || {focused}.tagName"))
        if stops[-1] == "opener":
            break
    sheet.check(stops[-1] == "opener" and "INPUT" in stops and "SELECT" in stops, f"tab goes to {stops}")
    outline = page.evaluate(f"getComputedStyle({focused}).outlineStyle + getComputedStyle({focused}).outlineWidth")
    sheet.check(outline.startswith("solid") and not outline.endswith(" 0px"), f"the focus is not to be seen: {outline}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    sheet.check(page.evaluate(f"{focused}.getAttribute('aria-expanded')") == "true", "Enter does not open a row")
    sheet.check(page.locator("td.detail").count() == 1, "nothing is behind the row")
    page.keyboard.press("Escape")
    sheet.check(page.evaluate(f"{focused}.getAttribute('aria-expanded')") == "false", "Escape does not close a row")
    page.keyboard.press("End")
    page.keyboard.press("Space")
    sheet.check(page.locator("tr.row").last.get_attribute("class").endswith("open"), "Space does not open the last row")
    sheet.done()


def names_that_are_attacks(browser):
    sheet = Sheet(browser, "hostile", "report")
    page = sheet.page
    for opener in page.locator(".opener").all():
        opener.click()
    for summary in page.locator("#sheets summary").all():
        summary.click()
    sheet.check(page.title() == "Truecount June 2026", f"the title is {page.title()}")
    strange = page.evaluate("document.querySelectorAll('main img, main svg, main iframe, main script').length")
    sheet.check(strange == 0, f"{strange} elements came from names")
    everything = sheet.text("main")
    for name in ("</script><script>", "<img src=https://evil.example", "株式会社日本", "مجموعة الخليج", "[U+202E]fdp.exe", "__proto__"):
        sheet.check(name in everything, f"{name} is not shown as it is")
    sheet.load_axe()
    sheet.accessible()
    sheet.widths("report")
    sheet.done()


def accounts_of_several_clients(browser):
    """What may belong to each of six clients is at stake at each of them, and once in the run: the page says so."""
    sheet = Sheet(browser, "before-mapping", "report")
    of_run, of_rows = sheet.text(".tile.unknown dd"), sheet.text(".sums .unknown")
    sheet.check(of_run not in of_rows and "counts it once" in sheet.text(".sums"), f"{of_run} and {of_rows} without a word")
    sheet.done()


def twenty_thousand_rows(browser):
    sheet = Sheet(browser, "large", "report")
    page = sheet.page
    seconds = page.evaluate("performance.getEntriesByName('usable')[0].startTime") / 1000
    rows, size = sheet.shown(), (MONTHS / "large" / "report.html").stat().st_size / 1e6
    print(f"  {rows:,} rows, {size:.0f} MB: usable {seconds:.2f} s after opening")
    sheet.check(rows == 20_000, f"{rows} rows")
    sheet.check(seconds < USABLE_SECONDS_MAX, f"usable after {seconds:.2f} s")
    begun = time.monotonic()
    page.get_by_label("Search").fill("birch 1003")
    sheet.until(lambda: sheet.shown() < 30, "a search")
    print(f"  a search: {time.monotonic() - begun:.2f} s")
    page.locator("tr.row").first.click()
    sheet.check("truecount explain" in sheet.text("td.detail") and "not seen for" in sheet.text("td.detail"), "no items behind a row")
    page.get_by_role("button", name="Show all").click()
    sheet.until(lambda: sheet.shown() == rows, "show all")
    begun = time.monotonic()
    page.get_by_label("Sort by").select_option("client")
    sheet.until(lambda: sheet.text("tr.group bdi").startswith("Alder 0"), "sorting")
    print(f"  sorting by client: {time.monotonic() - begun:.2f} s")
    page.get_by_role("button", name="Next", exact=True).click()
    sheet.until(lambda: "101 to 200" in sheet.text(".pages"), "the next page")
    sheet.check(page.locator("tr.row").count() == 100, "the next page is not whole")
    sheet.widths("report")
    sheet.done()


def main():
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for story in (what_is_usual, by_keyboard, names_that_are_attacks, accounts_of_several_clients, twenty_thousand_rows):
            begun = time.monotonic()
            try:
                story(browser)
            except Error as error:
                check(False, f"{story.__name__}: {error}")
            print(f"{story.__name__.replace('_', ' ')}: {time.monotonic() - begun:.1f} s")
        for month in (month for month in REPORTS if month not in ("hostile", "large")):
            sheet = Sheet(browser, month, "report")
            sheet.widths("report")
            sheet.done()
        for month in MAILS:
            sheet = Sheet(browser, month, "mail")
            sheet.widths("mail")
            sheet.done()
        browser.close()
    pictures = len(list(SCREENSHOTS.iterdir()))
    print(f"{pictures} screenshots in {SCREENSHOTS}; {len(problems)} problems")
    return bool(problems)


sys.exit(main())
