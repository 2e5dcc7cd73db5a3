"""What a published run of `small_runs` was made by, and a page of it."""

MADE_BY = {"commit": "0123456789abcdef", "clean": True, "up_to_date": True}
BENCHMARK = "s\th:m:s\tmax_rss\tcpu_time\n"
PAGE = """<a href="index.html">Comparison</a> <a href="lesson-one_hot.html">One-hot</a>
<a href="tables/news/runs/runs.csv">CSV</a>, <a href="tables/news/runs/runs.parquet">Parquet</a>
<a href="tables/news/corpus/words.csv">CSV</a>
<a href="#below">below</a> <a href="https://example.org/">far</a>
"""
