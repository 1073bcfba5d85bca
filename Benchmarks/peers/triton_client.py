#!/usr/bin/env python3
"""Speaks to a running `hpm serve` with Triton's own client, unmodified; exits with 0 where everything is as it should be.

    python3 -m venv peers && peers/bin/pip install 'tritonclient[http]' numpy
    hpm serve --port 8080 &
    peers/bin/python Benchmarks/peers/triton_client.py 127.0.0.1:8080 photo.jpg

Live, ready, metadata, configuration, statistics and index are read; a model is unloaded and loaded; images are sent as pixels and as files,
in JSON and in binary both ways, one after another and many at once; every float is compared with what POST /predict-loss answers.
"""

import io
import json
import sys
import urllib.request

import numpy
import tritonclient.http as triton

TOLERANCE = 1e-5


def post(server, path, body):
    """What the service's own route answers, as JSON."""
    request = urllib.request.Request(f"http://{server}{path}", data=body, method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def numpy_file(array):
    """An array in NumPy's file format."""
    buffer = io.BytesIO()
    numpy.save(buffer, array)
    return buffer.getvalue()


def maps(results):
    """The predicted losses of a list of results, one row an image."""
    return numpy.array([numpy.array(result["predicted_loss"]).reshape(-1) for result in results], dtype=numpy.float32)


def pixels_input(pixels, binary):
    tensor = triton.InferInput("pixels", list(pixels.shape), "FP32")
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    return tensor


def check(condition, sentence):
    print(("ok    " if condition else "FAILS ") + sentence)
    if not condition:
        check.failures += 1


check.failures = 0


def same(name, got, expected):
    check(
        got is not None and got.shape == expected.shape and numpy.abs(got - expected).max() <= TOLERANCE,
        f"{name}: floats equal /predict-loss within {TOLERANCE}",
    )


def examine_server(client, model):
    check(client.is_server_live(), "the server is live")
    check(client.is_server_ready(), "the server is ready")
    extensions = client.get_server_metadata()["extensions"]
    for extension in ["binary_tensor_data", "statistics", "model_configuration", "model_repository"]:
        check(extension in extensions, f"the server speaks {extension}")
    check(client.is_model_ready(model), "the model is ready")
    check(client.is_model_ready(model, "1"), "version 1 of the model is ready")
    check(not client.is_model_ready("absent"), "a model that is not there is not ready")
    metadata = client.get_model_metadata(model)
    check([tensor["name"] for tensor in metadata["inputs"]] == ["pixels", "image"], "metadata names the inputs")
    configuration = client.get_model_config(model)
    check(configuration["name"] == model and configuration["max_batch_size"] > 0, "the configuration says name and batch")
    index = client.get_model_repository_index()
    check(any(entry["name"] == model and entry["state"] == "READY" for entry in index), "the index has the model")


def examine_inference(client, server, model, photo):
    direct = post(server, "/predict-loss", photo)
    side = direct["grid"][0] * direct["patch_size"]
    pixels = numpy.random.default_rng(0).standard_normal((5, 3, side, side)).astype(numpy.float32)
    expected = maps(post(server, "/predict-loss", numpy_file(pixels))["results"])
    for sends in [True, False]:
        for receives in [True, False]:
            output = triton.InferRequestedOutput("predicted_loss", binary_data=receives)
            result = client.infer(model, [pixels_input(pixels, sends)], outputs=[output], request_id="one")
            check(result.get_response()["id"] == "one", "the id comes back")
            same(f"pixels, binary in {sends}, binary out {receives}", result.as_numpy("predicted_loss"), expected)
    same("pixels, no output named", client.infer(model, [pixels_input(pixels, True)]).as_numpy("predicted_loss"), expected)
    versioned = client.infer(model, [pixels_input(pixels, True)], model_version="1")
    same("pixels, version 1", versioned.as_numpy("predicted_loss"), expected)

    one = numpy.array([photo], dtype=numpy.object_)
    file = triton.InferInput("image", [1], "BYTES")
    file.set_data_from_numpy(one)
    same("an image file", client.infer(model, [file]).as_numpy("predicted_loss"), maps([direct]))

    waiting = [client.async_infer(model, [pixels_input(pixels[i : i + 1], True)]) for i in range(5)]
    for index, request in enumerate(waiting):
        same(f"asynchronous request {index}", request.get_result().as_numpy("predicted_loss"), expected[index : index + 1])

    outputs = [triton.InferRequestedOutput("mask"), triton.InferRequestedOutput("latent")]
    result = client.infer(model, [pixels_input(pixels, True)], outputs=outputs, parameters={"ratio": 0.75, "seed": 7})
    mask = result.as_numpy("mask")
    check(mask.dtype == numpy.bool_ and mask.shape == expected.shape, "the mask is BOOL, one value a patch")
    own = post(server, "/mask?ratio=0.75&seed=7", numpy_file(pixels))["results"]
    check(
        (mask == numpy.array([numpy.array(one["masks"][0]).reshape(-1) for one in own], dtype=bool)).all(),
        "the mask is that of POST /mask",
    )
    check(result.as_numpy("latent").shape[:2] == (5, expected.shape[1] + 1), "the latent has a class token and the patches")


def examine_refusals(client, model):
    bad = numpy.zeros((1, 3, 7, 7), dtype=numpy.float32)
    for name, ask in [
        ("an image that is no multiple of the patch", lambda: client.infer(model, [pixels_input(bad, True)])),
        ("a model that is not there", lambda: client.infer("absent", [pixels_input(bad, True)])),
        ("a parameter that is not known", lambda: client.infer(model, [pixels_input(bad, True)], parameters={"alfa": 1})),
        ("a load with a configuration", lambda: client.load_model(model, config="{}")),
    ]:
        try:
            ask()
            check(False, f"{name} is refused")
        except triton.InferenceServerException as error:
            check(bool(error.message()), f"{name} is refused with a sentence: {error.message()}")


def examine_repository(client, model):
    client.unload_model(model)
    check(not client.is_model_ready(model), "the model is not ready once it is unloaded")
    client.load_model(model)
    check(client.is_model_ready(model), "the model is ready once it is loaded again")


def main():
    server, path = sys.argv[1], sys.argv[2]
    with open(path, "rb") as file:
        photo = file.read()
    with urllib.request.urlopen(f"http://{server}/models") as answer:
        model = next(entry["name"] for entry in json.load(answer)["data"] if entry["default"])
    client = triton.InferenceServerClient(server, concurrency=5)
    examine_server(client, model)
    examine_inference(client, server, model, photo)
    examine_refusals(client, model)
    statistics = client.get_inference_statistics(model)["model_stats"][0]
    check(statistics["inference_count"] > 0 and statistics["execution_count"] > 0, "statistics count images and passes")
    check(statistics["inference_stats"]["success"]["count"] > 0, "statistics count requests")
    examine_repository(client, model)
    print(f"{check.failures} failures")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
