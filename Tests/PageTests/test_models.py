"""The room of the models."""

import json

from desk import PageCase
from program import ROOT


class Models(PageCase):
    def test_models_and_what_they_hold_are_listed(self):
        self.open_page(room="#models")
        self.browser.until("document.querySelectorAll('#model-list .card').length === 2", "both models are listed")
        listed = {model["name"]: model for model in self.service.json("/models")["data"]}
        words = self.browser.text("#model-list")
        for name in listed:
            self.assertIn(name, words)
        self.browser.click("#model-list .card summary")
        words = self.browser.text("#model-list .card")
        self.assertIn(listed["first"]["sha256"], words)
        self.assertIn(listed["first"]["metadata"]["predicting_loss"], words)

    def test_an_order_is_obeyed_or_refused_in_the_servers_words(self):
        self.provoked = ("404", "405", "403")
        self.open_page(room="#models")
        self.browser.until("document.querySelectorAll('#model-list .card').length === 2", "both models are listed")
        order = "[...document.querySelectorAll('#model-list .card')].find((c) => c.querySelector('h3').textContent === 'second')"
        self.browser.run(f"[...{order}.querySelectorAll('button')].find((b) => b.textContent === 'Make default').click()")
        status, body = self.service.ask("/models/second/default", "POST")
        if status == 200:
            self.browser.until(f"{order}.querySelectorAll('.badge').length === 2", "second is the default")
            self.service.ask("/models/first/default", "POST")
        else:
            detail = json.dumps(json.loads(body)["detail"])
            self.browser.until(f"{order}.querySelector('.problem').textContent.includes({detail})", f"the page says {detail}")

    def test_a_checkpoint_is_uploaded_or_refused_in_the_servers_words(self):
        self.provoked = ("404", "405", "403")
        self.open_page(room="#models")
        self.browser.find("#model-file").send_keys(str(ROOT / "Models/tiny128.safetensors"))
        self.browser.until("document.getElementById('model-name').value === 'tiny128'", "the file's name is offered")
        self.browser.set("#model-name", "third")
        self.addCleanup(self.service.ask, "/models/third", "DELETE")
        self.browser.click("#model-send")
        self.browser.until(
            "document.getElementById('model-upload-result').textContent + document.getElementById('model-upload-problem').textContent",
            "the page has an answer")
        status, _ = self.service.ask("/models/third")
        if status == 200:
            self.browser.until("document.getElementById('model-upload-result').textContent.includes('third')", "the model is there")
            self.browser.until("document.querySelectorAll('#model-list .card').length === 3", "it is listed")
            self.loads_unloads_and_deletes("third")
            self.refuses_a_file_that_is_no_checkpoint()
        else:
            self.assertRegex(self.browser.text("#model-upload-problem"), "Nothing here|Method not allowed")
            self.skipTest("this server takes no models; the page says so in its words")

    def loads_unloads_and_deletes(self, name):
        card = f"[...document.querySelectorAll('#model-list .card')].find((c) => c.querySelector('h3').textContent === '{name}')"
        press = "[...%s.querySelectorAll('button')].find((b) => b.textContent === '%s').click()"
        self.browser.run(press % (card, "Load"))
        self.browser.until(f"{card}.querySelector('.badge').textContent === 'ready'", f"{name} is ready")
        self.browser.until(
            f"[...document.querySelector('.pane select').options].some((o) => o.value === '{name}')", f"{name} can be looked with")
        self.browser.run(press % (card, "Unload"))
        self.browser.until(f"{card}.querySelector('.badge').textContent === 'unloaded'", f"{name} is unloaded")
        self.browser.run("window.confirm = () => true")
        self.browser.run(press % (card, "Delete…"))
        self.browser.until("document.querySelectorAll('#model-list .card').length === 2", f"{name} is deleted")

    def refuses_a_file_that_is_no_checkpoint(self):
        path = self.desk.folder / "no-checkpoint.safetensors"
        path.write_bytes(b"not a checkpoint")
        self.provoked += ("415", "422")
        self.browser.find("#model-file").send_keys(str(path))
        self.browser.click("#model-send")
        self.browser.until("document.getElementById('model-upload-problem').textContent !== ''", "the page says why it is none")
        self.assertEqual(self.browser.text("#model-upload-result"), "")
