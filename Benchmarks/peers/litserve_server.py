"""The peer of serving.py: LitServe as its documentation has it, with ONNX Runtime underneath.

    peers/bin/python Benchmarks/peers/litserve_server.py MODEL.onnx PORT BATCH
"""
import io
import os
import sys

import litserve
import numpy
import onnxruntime
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
DEVIATION = numpy.array([0.229, 0.224, 0.225], numpy.float32)


class PredictedLosses(litserve.LitAPI):
    def __init__(self, model, batch):
        super().__init__(max_batch_size=batch)
        self.model = model

    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        self.session = onnxruntime.InferenceSession(self.model, options, providers=["CPUExecutionProvider"])

    def decode_request(self, request):
        image = Image.open(io.BytesIO(request["image"].file.read())).convert("RGB")
        short = min(image.size)
        image = image.resize([side * 256 // short for side in image.size], Image.Resampling.BICUBIC)
        left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
        pixels = numpy.asarray(image.crop((left, top, left + 224, top + 224)), numpy.float32) / 255
        return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)

    def predict(self, pixels):
        pixels = numpy.asarray(pixels)
        return self.session.run(None, {"pixels": pixels if pixels.ndim == 4 else pixels[None]})[0]

    def encode_response(self, losses):
        return {"predicted_loss": losses.reshape(14, 14).tolist()}


if __name__ == "__main__":
    api = PredictedLosses(sys.argv[1], int(sys.argv[3]))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[2]), host="127.0.0.1", log_level="error", generate_client_file=False)
