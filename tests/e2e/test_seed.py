"""The book's code for the registry, as it stands, under ``library(snowflakeR)``.

``seed/`` holds its blocks, untouched but for one: the ``...`` that a reader is to fill in is
filled in here. They run in order in one R session, as a reader would run them.
"""

from __future__ import annotations

from pathlib import Path

SEED = Path(__file__).parent / "seed"

BEFORE = {
    "22-10-2-dependencies.R": """
        suppressMessages(loadNamespace("forecast"))
        arima_fit <- forecast::auto.arima(AirPassengers)
        arima_model <- arima_fit
    """,
    "22-15-score.R": """
        sfr_write_table(conn, "car_data", mtcars)
    """,
}
AFTER = {
    "22-09-train.R": """
        stopifnot(identical(preds$prediction, unname(predict(model, test_data))))
    """,
    "22-10-log.R": """
        stopifnot(inherits(mv, "sfr_model_version"), mv$version_name == "V1")
        scored <- sfr_predict(reg, "MTCARS_MPG", test_data)
        stopifnot(identical(scored$prediction, unname(predict(model, test_data))))
    """,
    "22-10-2-dependencies.R": """
        scored <- sfr_predict(reg, "SALES_FORECAST", data.frame(period = 1:5))
        own <- as.numeric(forecast::forecast(arima_fit, h = 5)$mean)
        stopifnot(identical(scored$prediction, own))
    """,
    "22-10-3-custom.R": """
        stopifnot(mv$version_name == "V2")
        periods <- data.frame(period = 1:5)
        scored <- sfr_predict(reg, "SALES_FORECAST", periods, version_name = "V2")
        stopifnot(identical(scored[-1], my_forecast(arima_model, periods)))
    """,
    "22-12-metrics.R": """
        stopifnot(identical(sfr_show_model_metrics(reg, "MTCARS_MPG", "V1")[c("rmse", "r_squared")],
          list(rmse = 2.45, r_squared = 0.87)))
        stopifnot(sfr_show_model_versions(reg, "MTCARS_MPG")$name == "V1")
    """,
    "22-12-retrain.R": """
        stopifnot(sfr_get_model(reg, "MTCARS_MPG")$default_version == "V2")
    """,
    "22-13-aliases.R": """
        stopifnot(sfr_get_model_version(reg, "MTCARS_MPG", "staging")$version_name == "V1")
        gone <- tryCatch(sfr_get_model_version(reg, "MTCARS_MPG", "production"),
          modelyard_not_found = function(e) "gone")
        stopifnot(identical(gone, "gone"))
    """,
    "22-14-deploy.R": """
        stopifnot(sfr_get_service_status(reg, "mpg_service")$status == "READY")
        endpoint <- sfr_service_endpoint(conn, "mpg_service", "ML_DB", "MODELS")
        answers <- sfr_predict_rest(endpoint, mtcars, conn = conn)
        stopifnot(identical(answers$prediction, unname(predict(model_v2, mtcars))))
    """,
}
REFUSED = """
    refused <- tryCatch({ %s
      NULL }, modelyard_missing_column = function(e) conditionMessage(e))
    stopifnot(grepl("V2", refused), grepl("disp", refused), grepl('version_name = "V1"', refused))
    scores <- sfr_predict(reg, "MTCARS_MPG", new_cars, version_name = "V1")
    stopifnot(identical(scores$prediction, unname(predict(model, new_cars))))
    stopifnot(identical(names(scores), c("wt", "hp", "cyl", "prediction")))
"""


def test_every_block_runs_as_it_stands(server):
    script = []
    for block in sorted(SEED.glob("*.R")):
        code = block.read_text()
        if block.name == "22-10-2-dependencies.R":
            assert code.count("...") == 2
            code = code.replace("input_cols   = ...", 'input_cols = list(period = "integer")')
            code = code.replace("output_cols  = ...", 'output_cols = list(prediction = "double")')
        if block.name == "22-15-score.R":  # three columns, while the default version needs four
            code = REFUSED % code
        script += [BEFORE.get(block.name, ""), code, AFTER.get(block.name, "")]
    done = server.r("\n".join([*script, 'cat("ran to the end")']))
    assert done.stdout.endswith("ran to the end")
