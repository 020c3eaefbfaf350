"""What the fork server imports and does once, so that no script has to."""

import os

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_MODULES = (
    "argparse asyncio base64 collections concurrent.futures csv ctypes dataclasses datetime decimal email"
    " fractions glob hashlib heapq html.parser http.client inspect io itertools json logging math"
    " multiprocessing multiprocessing.pool multiprocessing.shared_memory operator pathlib pickle platform"
    " pprint queue random re shutil socket sqlite3 ssl statistics string subprocess tempfile textwrap"
    " threading time traceback typing urllib.parse urllib.request uuid zipfile zoneinfo numpy numpy.fft"
    " numpy.linalg numpy.random PIL.Image PIL.ImageDraw PIL.ImageFont PIL.PngImagePlugin"
    " PIL.JpegImagePlugin pandas matplotlib matplotlib.pyplot matplotlib.backends.backend_agg"
    " matplotlib.dates requests bs4"
)
_REHEARSAL = """
import io
import matplotlib.pyplot as plt, numpy as np, pandas as pd
table = pd.read_csv(io.StringIO("a,b,c\\n1,x,2.5\\n2,y,3.5\\n3,y,4.5\\n"), parse_dates=False)
str(table), str(table.describe())
table.groupby("b")["c"].mean().sort_values().to_csv(io.StringIO())
table.groupby("b").agg({"c": "sum"}).merge(table, on="b")
pd.date_range("2026-01-01", periods=3).month
np.linalg.inv(np.eye(3) * 2)
figure, axes = plt.subplots()
axes.plot([1, 2], [3, 4], label="a")
axes.bar([1, 2], [3, 4])
axes.scatter([1, 2], [3, 4])
axes.hist([1, 2, 2])
axes.set(title="a", xlabel="b", ylabel="c")
axes.legend()
axes.grid()
figure.tight_layout()
plt.savefig(io.BytesIO(), format="png")
table.plot(x="a", y="c")
plt.savefig(io.BytesIO(), format="png")
plt.close("all")
"""


def up() -> None:
    """Import the packages, with no thread started, and use them once."""
    before = {name: os.environ.get(name) for name in _THREADS}  # noqa: TID251 - the box's own
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # noqa: TID251
    for name in _MODULES.split():
        try:  # noqa: SIM105 - contextlib is a slow import
            __import__(name)
        except ImportError:
            pass  # a runtime without it
    try:  # noqa: SIM105
        exec(_REHEARSAL, {})  # noqa: S102 - much is only loaded when it is first used
    except ImportError:
        pass
    os.environ.update({name: value for name, value in before.items() if value})  # noqa: TID251
