"""The page as people see it: at three widths, light and dark."""

WIDTHS = (360, 768, 1440)


def take(browser, folder, name):
    """The page as it stands, as NAME-WIDTH-SCHEME.png."""
    for width in WIDTHS:
        for dark in (False, True):
            browser.look_like(width, dark=dark)
            # Canvases are drawn anew for the new width, a frame or two later.
            browser.run_async("await new Promise((done) => setTimeout(done, 300))")
            browser.picture(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")


def take_rooms(desk):
    """Every room, with a picture looked at and without."""
    browser, folder = desk.browser, desk.pictures
    browser.open(desk.service.url + "/")
    take(browser, folder, "empty")
    browser.click("#samples button")
    browser.until("document.querySelector('.pane dl')?.textContent.includes('Hidden')", "map and mask are there")
    browser.click("#figure-ask")
    browser.until("document.getElementById('figure-numbers').textContent.includes('Patch variance')", "the strip is there")
    take(browser, folder, "look")
    browser.click("#compare")
    browser.until("document.querySelectorAll('.pane dl').length === 2", "two models are side by side")
    take(browser, folder, "compare")
    for room, sign in (("train", "#job-list li, #datasets-problem p, #jobs-empty:not([hidden])"), ("models", "#models .card")):
        browser.run("location.hash = arguments[0]", f"#{room}")
        browser.until(f"!document.getElementById('{room}').hidden && document.querySelector('{sign}')", f"{room} is shown")
        take(browser, folder, room)
