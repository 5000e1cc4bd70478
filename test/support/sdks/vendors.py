"""Uses the published clients of vendors as their users do: `vendors.py <sdk>` reads settings as JSON and prints what each step gave."""

import json
import sys


def dashscope_steps(work):
    import dashscope
    from dashscope import ImageSynthesis

    dashscope.base_http_api_url = work["url"] + "/api/v1"
    key = work["apiKey"]
    garments = {key: work[key] for key in ("person_image_url", "top_garment_url")}

    def submit(api_key=key, prompt="try on"):
        return ImageSynthesis.async_call(
            model="aitryon-plus", prompt=prompt, task="image2image", extra_input=garments, api_key=api_key
        )

    def plain(response):
        output = response.output
        return {
            "status": response.status_code,
            "code": response.code,
            "message": response.message,
            "output": None if output is None else json.loads(json.dumps(output)),
            "usage": None if response.usage is None else json.loads(json.dumps(response.usage)),
        }

    submitted = submit()
    yield "submit", plain(submitted)
    yield "fetch", plain(ImageSynthesis.fetch(submitted, api_key=key))
    yield "wait", plain(ImageSynthesis.wait(submitted, api_key=key))
    yield "cancel ended", plain(ImageSynthesis.cancel(submitted, api_key=key))
    yield "cancel pending", plain(ImageSynthesis.cancel(work["pending"], api_key=key))
    yield "fetch cancelled", plain(ImageSynthesis.fetch(work["pending"], api_key=key))
    yield "wait failed", plain(ImageSynthesis.wait(work["failed"], api_key=key))
    yield "fetch unknown", plain(ImageSynthesis.fetch("none", api_key=key))
    yield "wrong key", plain(ImageSynthesis.fetch(submitted, api_key="sk-wrong"))
    yield "throttled", plain(ImageSynthesis.fetch(work["throttled"], api_key=key))
    yield "wait through errors", plain(ImageSynthesis.wait(work["flaky"], api_key=key))


def aidge_steps(work):
    from alibabacloud_aidge20260428 import models
    from alibabacloud_aidge20260428.client import Client
    from alibabacloud_tea_openapi.utils_models import Config
    from darabonba.runtime import RuntimeOptions

    def client(secret=work["accessKeySecret"], key=work["accessKeyId"]):
        return Client(
            Config(
                access_key_id=key,
                access_key_secret=secret,
                endpoint=work["url"].removeprefix("http://"),
                protocol="http",
                region_id="ap-southeast-1",
            )
        )

    def call(method, request, using=None):
        try:
            response = getattr(using or client(), method)(request, RuntimeOptions(autoretry=False))
            return {"status": response.status_code, "body": response.body.to_map()}
        except Exception as error:  # the SDK's own classes
            return {"error": type(error).__name__, "code": getattr(error, "code", str(error))}

    def submit(**fields):
        return call("virtual_try_on_with_options", models.VirtualTryOnRequest(**fields))

    def query(task_id, using=None):
        request = models.QueryAsyncTaskResultRequest(task_id=task_id)
        return call("query_async_task_result_with_options", request, using)

    submitted = submit(
        cloth_image_url=work["cloth"], model_image_url=work["model"], cloth_type="tops", resolution="2K"
    )
    yield "submit", submitted
    yield "submit without a resolution", submit(cloth_image_url=work["cloth"], model_image_url=work["model"])
    yield "query", query(submitted["body"]["Data"]["TaskId"])
    for name in ("finished", "failed", "queued", "blocked", "throttled", "unavailable"):
        yield name, query(work[name])
    yield "unknown", query("none")
    yield "wrong secret", query(work["finished"], client("wrong"))
    yield "wrong key", query(work["finished"], client(key="LTAIwrong"))


steps = {"dashscope": dashscope_steps, "aidge": aidge_steps}[sys.argv[1]](json.load(sys.stdin))
json.dump(dict(steps), sys.stdout)
