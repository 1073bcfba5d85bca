"""Headless Chromium, what it asked for, and what it complained about."""

import base64
import json
import time

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as DriverService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

# Seconds in which the page does what is waited for, at most.
PATIENCE = 30


class Browser:
    def __init__(self, downloads):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=DriverService("/usr/bin/chromedriver"), options=options)
        self.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.complaints = []
        self.requests = []

    def command(self, name, **values):
        return self.driver.execute_cdp_cmd(name, values)

    def close(self):
        self.driver.quit()

    def open(self, address, width=1440, height=900, dark=False):
        """Opens the page anew at this size."""
        self.look_like(width, height, dark)
        self.driver.get("about:blank")
        self.driver.get(address)
        self.until("document.getElementById('server-words').textContent !== '…'", "the page says how the server is")

    def look_like(self, width, height=900, dark=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What a reader sees there: the words of an element that is shown, or nothing."""
        return " ".join(element.text for element in self.all(selector)).strip()

    def click(self, selector):
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys):
        """Keys, to whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def point_at_patch(self, row, column, count):
        """Moves the pointer to a patch of the first map, which covers the middle square of its picture, seven eighths of its height."""
        canvas = self.find(".figure")
        side = canvas.size["height"] * 0.875
        right, down = ((place + 0.5) / count - 0.5 for place in (column, row))
        self.run("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(self.driver).move_to_element_with_offset(canvas, round(right * side), round(down * side)).perform()

    def set(self, selector, value):
        """Changes a control as a reader does, at once."""
        self.run(
            """const [control, value] = arguments;
            if (control.type === 'checkbox') control.checked = value; else control.value = value;
            control.dispatchEvent(new Event('input', {bubbles: true}));
            control.dispatchEvent(new Event('change', {bubbles: true}));""",
            self.find(selector), value)

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def run_async(self, body, *values):
        """The value of an `async` function's body."""
        script = """const done = arguments[arguments.length - 1];
            (async (...values) => {%s})(...arguments).then(done, (error) => done(String(error)));""" % body
        return self.driver.execute_async_script(script, *values)

    def until(self, expression, sentence, patience=PATIENCE):
        """Waits until an expression of JavaScript holds; `sentence` says what did not come true."""
        deadline = time.monotonic() + patience
        while True:
            try:
                value = self.run(f"return {expression}")
            except (JavascriptException, StaleElementReferenceException):
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                shown = self.text(".problem") or "no problem"
                raise AssertionError(f"After {patience} s it is still not so that {sentence}. The page shows: {shown}")
            self.run("return 0")

    def listen(self):
        """Takes over what the browser logged since the last time."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                request = message["params"]["request"]
                self.requests.append((request["method"], request["url"]))

    def since(self):
        """The requests made since this was asked last, as `METHOD /path?query`."""
        before = len(self.requests)
        self.listen()
        return [f"{method} /{url.split('/', 3)[3]}" for method, url in self.requests[before:] if url.startswith("http")]

    def picture(self, path):
        """The whole page as a PNG."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))
