"""What a release of Ceilometer makes of configuration files: reads cases from standard input as JSON, writes its verdicts.

A case is {"what": "polling" | "meters" | "events", "text": the file, "names": names to try}. A verdict is {"error": what was
raised} or {"pipelines": their names, "supported": [for each source, the names that it takes], "sources": as YAML was read}.
"""
import json
import os
import sys
import tempfile

from ceilometer import service
from ceilometer.pipeline import event
from ceilometer.pipeline import sample
from ceilometer.polling import manager

OPTIONS = {"meters": "pipeline_cfg_file", "events": "event_pipeline_cfg_file"}


def load(conf, what, path):
    if what == "polling":
        conf.set_override("cfg_file", path, "polling")
        sources = manager.PollingManager(conf).sources
        return [], [source.support_meter for source in sources], [source.cfg for source in sources]
    conf.set_override(OPTIONS[what], path)
    loaded = (sample.SamplePipelineManager if what == "meters" else event.EventPipelineManager)(conf)
    support = "support_meter" if what == "meters" else "support_event"
    pipelines = loaded.pipelines
    return [pipe.name for pipe in pipelines], [getattr(pipe.source, support) for pipe in pipelines], []


def judge(conf, path, case):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(case["text"])
    try:
        pipelines, takes, sources = load(conf, case["what"], path)
        supported = [[name for name in case["names"] if supports(name)] for supports in takes]
        return {"pipelines": pipelines, "supported": supported, "sources": sources}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {getattr(error, 'msg', error)}"}


with tempfile.TemporaryDirectory() as directory:
    settings = os.path.join(directory, "ceilometer.conf")
    with open(settings, "w") as file:
        file.write("[DEFAULT]\ntransport_url = fake://\n")
    conf = service.prepare_service(["judge"], [settings])
    path = os.path.join(directory, "file.yaml")
    json.dump([judge(conf, path, case) for case in json.load(sys.stdin)], sys.stdout)
