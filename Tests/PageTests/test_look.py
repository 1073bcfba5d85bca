"""The room where a picture is looked at."""

import json
import shlex
import time

from desk import PageCase
from program import sample
from selenium.webdriver.common.keys import Keys

STRATEGIES = ("hard", "easy", "random", "block", "square", "simmim", "uniform", "attention")


class Looking(PageCase):
    def test_a_chosen_file_is_drawn_as_the_server_draws_it(self):
        self.open_page()
        path = self.desk.folder / "my flower.webp"
        path.write_bytes(sample("flower.webp"))
        self.upload(path)
        self.wait_for_mask()
        for interpolation, tolerance in (("nearest", 0), ("bicubic", 6)):
            for colormap in ("jet", "turbo", "viridis", "magma", "gray"):
                self.browser.set("#setting-colormap", colormap)
                self.browser.set("#setting-interpolation", interpolation)
                self.browser.set("#setting-outline", False)
                self.browser.click("input[value=heatmap]")
                worst = self.browser.run_async(
                    """const picture = await (await fetch('/page/samples/flower.webp')).blob();
                    const [colormap, interpolation] = values;
                    const path = `/predict-loss?format=png&view=heatmap&size=8${colormap === 'jet' ? '' : '&colormap=' + colormap}`;
                    const answer = await fetch(path, {method: 'POST', body: picture});
                    const png = await createImageBitmap(await answer.blob());
                    const canvas = document.querySelector('.figure');
                    const copy = (picture) => {
                      const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d', {willReadFrequently: true});
                      context.drawImage(picture, 0, 0);
                      return context;
                    };
                    const [page, server] = [copy(canvas), copy(png)];
                    const map = await (await fetch('/predict-loss', {method: 'POST', body: picture})).json();
                    const scale = canvas.width / map.image.width;
                    let worst = 0;
                    for (let row = 0; row < 8; row += 1) for (let column = 0; column < 8; column += 1) {
                      const x = (map.region.x + (column + 0.5) * map.region.width / 8) * scale;
                      const y = (map.region.y + (row + 0.5) * map.region.height / 8) * scale;
                      const ours = page.getImageData(Math.floor(x), Math.floor(y), 1, 1).data;
                      const theirs = server.getImageData(column, row, 1, 1).data;
                      for (let channel = 0; channel < 3; channel += 1) worst = Math.max(worst, Math.abs(ours[channel] - theirs[channel]));
                    }
                    return worst;""", colormap, interpolation)
                self.assertIsInstance(worst, int, worst)
                self.assertLessEqual(worst, tolerance, f"{colormap}, {interpolation}: the colours at the patches' centres are the server's")

    def test_a_mask_needs_no_new_upload(self):
        self.open_page()
        self.choose()
        self.assertEqual(self.facts()["Hidden"], "48 of 64")
        self.browser.since()
        self.browser.set("#setting-ratio", "0.5")
        self.browser.until("document.querySelector('.pane dl').textContent.includes('32 of 64')", "half of the patches are hidden")
        self.browser.set("#setting-strategy", "random")
        self.browser.set("#setting-seed", "7")
        asked = self.browser.since()
        self.assertTrue(any("GET /mask?image=sha256:" in line for line in asked), asked)
        self.assertEqual([line for line in asked if line.startswith("POST")], [], "nothing was uploaded again")

    def test_a_slider_that_is_dragged_ends_at_its_last_value(self):
        self.open_page()
        self.choose()
        for step in range(100, 0, -1):
            self.browser.run(
                "const ratio = document.getElementById('setting-ratio'); ratio.value = arguments[0]; ratio.dispatchEvent(new Event('input'))",
                step / 100)
        self.browser.until("document.querySelector('.pane dl').textContent.includes('1 of 64')", "the mask is the last one asked for")

    def test_a_picture_that_is_kept_no_longer_is_sent_again_without_a_word(self):
        forgetful = self.desk.serve("--image-store-bytes", "0")
        self.provoked = ("404",)
        self.open_page(forgetful)
        self.choose()
        self.browser.set("#setting-ratio", "0.25")
        self.browser.until("document.querySelector('.pane dl').textContent.includes('16 of 64')", "a quarter is hidden")
        asked = self.browser.since()
        self.assertTrue(any("POST /mask?" in line for line in asked), asked)
        self.assertEqual(self.browser.text(".problem"), "")
        forgetful.stop()

    def test_a_file_that_is_no_picture_is_refused_in_the_servers_words(self):
        self.provoked = ("415", "422")
        self.open_page()
        for name, content in (("words.png", b"no picture at all"), ("torn.webp", sample("flower.webp")[:2000])):
            path = self.desk.folder / name
            path.write_bytes(content)
            self.upload(path)
            detail = self.service.json("/predict-loss", "POST", content)["detail"]
            self.browser.until(f"document.querySelector('.pane .problem').textContent.includes({json.dumps(detail)})", f"{name}: {detail}")
        self.choose()
        self.assertEqual(self.browser.text(".problem"), "", "what was wrong is forgotten with the next picture")

    def test_a_picture_may_be_dropped_or_pasted(self):
        self.open_page()
        give = """const data = new DataTransfer();
            const blob = await (await fetch('/page/samples/rose.webp')).blob();
            data.items.add(new File([blob], values[1], {type: 'image/webp'}));
            document.dispatchEvent(values[0] === 'drop' ? new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})
              : new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));"""
        for way in ("drop", "paste"):
            self.browser.run_async(give, way, f"{way}.webp")
            self.browser.until(f"document.getElementById('picture-name').textContent === '{way}.webp'", f"the {way} is taken")
            self.wait_for_mask()

    def test_figure_two_is_made_on_demand(self):
        self.open_page()
        self.assertFalse(self.browser.find("#figure-ask").is_enabled(), "there is no picture yet")
        self.choose()
        self.browser.since()
        self.browser.click("#figure-ask")
        self.browser.until("document.querySelectorAll('#figure-strip figure').length === 5", "the strip has five panels")
        self.browser.until("document.getElementById('figure-numbers').textContent.includes('Patch variance')", "the correlations are there")
        blank = self.browser.run(
            """return [...document.querySelectorAll('#figure-strip canvas')].filter((canvas) => {
              const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
              return new Set(data).size < 4;
            }).length""")
        self.assertEqual(blank, 0, "every panel shows something")

    def test_patches_are_read_with_the_keyboard(self):
        self.open_page()
        self.choose()
        self.browser.run("document.querySelector('.figure').focus()")
        self.browser.press(Keys.HOME)
        hardest = self.service.json("/predict-loss", "POST", sample("flower.webp"))["ranking"][0]
        self.assertIn(f"Row {hardest // 8}, column {hardest % 8}", self.browser.text(".readout"))
        self.assertIn("rank 1 of 64, hidden", self.browser.text(".readout"))
        self.assertIn("rank 1 of 64", self.browser.run("return document.getElementById('announcement').textContent"), "it is said aloud")
        self.browser.press(Keys.ARROW_LEFT)
        self.assertIn(f"column {hardest % 8 - 1}", self.browser.text(".readout"))
        self.browser.press(Keys.ESCAPE)
        self.assertNotIn("Row", self.browser.text(".readout"))

    def test_the_value_under_the_pointer_is_the_servers(self):
        self.open_page()
        self.choose()
        losses = self.service.json("/predict-loss", "POST", sample("flower.webp"))["predicted_loss"]
        for row, column in ((0, 0), (3, 5), (7, 7)):
            self.browser.point_at_patch(row, column, 8)
            said = self.browser.text(".readout")
            self.assertIn(f"Row {row}, column {column}:", said)
            value = float(said.split("predicted loss ")[1].split(",")[0].replace("\u2212", "-"))
            self.assertAlmostEqual(value, losses[row][column], delta=abs(losses[row][column]) * 1e-3)

    def test_a_whole_picture_is_seen_in_as_many_patches_as_with_a_large_model(self):
        self.open_page()
        self.choose()
        self.browser.set("#setting-fit", "native")
        self.browser.until("document.querySelector('.pane dl').textContent.includes('21 × 28 patches')", "the whole picture is seen")
        self.assertIn("max_side=512", self.browser.text("#curl"))

    def test_two_models_stand_side_by_side(self):
        self.open_page()
        self.choose()
        self.browser.click("#compare")
        self.browser.until("document.querySelectorAll('.pane').length === 2", "there are two panes")
        self.wait_for_mask()
        chosen = self.browser.run("return [...document.querySelectorAll('.pane select:first-of-type')].map((s) => s.value)")
        self.assertEqual(chosen[0], "first")
        self.assertIn("second", chosen)
        left, right = self.facts(0), self.facts(1)
        self.assertEqual(left["Range"], right["Range"], "the two models have the same weights")
        self.browser.set(".pane:nth-child(2) .pane-head label:nth-of-type(2) select", "full_visible")
        self.browser.until(
            "document.querySelectorAll('.pane dl')[1].textContent.includes('full visible')", "the right one is read otherwise")
        self.assertNotEqual(self.facts(1)["Range"], left["Range"])
        self.browser.click("#compare")
        self.browser.until("document.querySelectorAll('.pane').length === 1", "there is one pane again")


class Taking(PageCase):
    def test_every_command_is_one_that_the_server_accepts(self):
        self.open_page()
        self.choose()
        changes = (
            {}, {"fit": "stretch", "opacity": "0.3", "colormap": "magma", "interpolation": "bicubic"},
            {"maxSide": "64", "fit": "native", "ratio": "0.5", "alpha": "0.4", "seed": "12"},
        )
        for change in changes:
            for name, value in change.items():
                self.browser.set(f"#setting-{name}", value)
            for view in ("overlay", "heatmap", "input", "masked", "mask"):
                self.browser.click(f"input[value={view}]")
                for form in ("png", "json", "npy"):
                    self.browser.click(f"input[value={form}]")
                    self.accepts(self.command(), form)
        self.browser.set("#setting-fit", "crop")
        self.browser.set("#setting-ratio", "0.75")
        self.browser.set("#setting-reveal", "0.2")
        for strategy in STRATEGIES:
            self.browser.set("#setting-strategy", strategy)
            for form in ("png", "json", "npy"):
                self.browser.click(f"input[value={form}]")
                self.accepts(self.command(), form)

    def command(self):
        return shlex.split(self.browser.run("return document.getElementById('curl').textContent"))

    def accepts(self, command, form):
        path = next(word for word in command if word.startswith("http")).removeprefix(self.service.url)
        self.assertEqual(command[0], "curl")
        self.assertIn("@flower.webp", command)
        status, body = self.service.ask(path, "POST", sample("flower.webp"))
        self.assertEqual(status, 200, f"{path}: {body[:300]}")
        start = {"png": b"\x89PNG", "json": b"{", "npy": b"\x93NUMPY"}[form]
        self.assertTrue(body.startswith(start), f"{path} answers {form}")

    def test_the_download_is_what_the_command_writes(self):
        self.open_page()
        self.choose()
        for form in ("png", "json", "npy"):
            self.browser.click(f"input[value={form}]")
            command = self.command()
            path = next(word for word in command if word.startswith("http")).removeprefix(self.service.url)
            file = self.desk.downloads / command[command.index("-o") + 1]
            self.browser.click("#export-download")
            expected = self.service.ask(path, "POST", sample("flower.webp"))[1]
            deadline = time.monotonic() + 30
            while not (file.exists() and file.stat().st_size == len(expected)):
                self.assertLess(time.monotonic(), deadline, f"{file.name} was not downloaded")
                self.browser.run("return 0")
            self.assertEqual(file.read_bytes(), expected)

    def test_the_command_is_copied(self):
        self.open_page()
        self.choose()
        self.browser.click("#curl-copy")
        self.browser.until("document.getElementById('curl-copied').textContent !== ''", "the page says what it did")
