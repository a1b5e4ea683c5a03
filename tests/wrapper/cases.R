# Log the models that exports are tried with. Arguments of Rscript: none; the account is the
# environment's.
library(modelyard)
options(modelyard.quiet = TRUE)
set.seed(1)
reg <- sfr_model_registry(sfr_connect())

cars <- mtcars[c("mpg", "wt", "hp", "cyl")]
cars$cyl <- as.integer(cars$cyl)
sfr_log_model(reg, lm(mpg ~ wt + log(hp) + cyl, cars), "lm_cars")

n <- 40
visits <- data.frame(
  place = rep(c("s\u00fcd", "north", "\u65e5"), length.out = n),
  region = factor(rep(c("b\u00e9", "\u65e5\u672c", "x"), length.out = n)),
  size = factor(rep(c("lo", "mid", "hi"), each = 14)[1:n], c("lo", "mid", "hi"), ordered = TRUE),
  day = as.Date("2024-02-20") + seq_len(n),
  at = as.POSIXct("2024-03-30 22:30:15.25", tz = "Europe/Paris") + 3600 * seq_len(n),
  seen = as.POSIXct("2024-03-30 22:30", tz = "UTC") + 86400.5 * seq_len(n),
  value = c(NA, 1e-300, 1 / 3, round(rnorm(n - 3), 12)),
  again = rep(c(TRUE, FALSE, NA, TRUE), 10),
  count = c(NA, 2L:n)
)
visits$bought <- rbinom(n, 1, 0.5)
glm_visits <- glm(
  bought ~ place + region + as.integer(size) + as.numeric(day) + as.numeric(at) + as.numeric(seen) +
    value + again + count, binomial, visits
)
sfr_log_model(reg, glm_visits, "glm_visits",
  sample_input = visits[1:24, names(visits) != "bought"], predict_args = list(type = "response")
)

shift <- 100
echo <- sfr_predict_body(function(model, input) {
  data.frame(
    fit = predict(model, input) + 100, label = paste0("\u00e9 ", input$cyl),
    whole = as.integer(input$cyl), heavy = input$wt > 3,
    day = as.Date("2024-01-01") + input$cyl,
    utc = as.POSIXct("2024-01-01 12:00", tz = "UTC") + input$wt,
    local = as.POSIXct("2024-07-01 12:00", tz = "Asia/Tokyo") + input$hp,
    odd = ifelse(input$cyl == 4L, NaN, ifelse(input$cyl == 6L, NA, -0))
  )
})
sfr_log_model(reg, lm(mpg ~ wt + hp + cyl, cars), "every_type", predict_body = echo)

sfr_log_model(reg, lm(mpg ~ wt + hp, cars), "interval",
  predict_args = list(interval = "prediction", level = 0.9)
)
sfr_log_model(reg, lme4::lmer(mpg ~ wt + (1 | cyl), cars), "population",
  predict_args = list(re.form = NA)
)
sfr_log_model(reg, forecast::auto.arima(AirPassengers), "arima", predict_fn = "forecast")
sfr_log_model(reg, ranger::ranger(Species ~ ., iris, num.trees = 30, num.threads = 1), "ranger",
  sample_input = iris[seq(1, 150, 6), 1:4]
)
draw <- sfr_predict_body(\(model, input) data.frame(prediction = stats::rnorm(nrow(input))))
sfr_log_model(reg, lm(mpg ~ wt, cars), "draws", predict_body = draw)
deep <- sfr_predict_body(\(model, input) {
  down <- function(n) if (n > 0) down(n + 1) + 1 else n
  options(expressions = 5e5)
  data.frame(prediction = down(input$wt))
})
sfr_log_model(reg, lm(mpg ~ wt, cars), "deep", predict_body = deep,
  sample_input = data.frame(wt = -1)
)

# Files of the author's own: a table predict reads, and code that it calls, in order of the names.
folder <- file.path(tempdir(), "own")
dir.create(file.path(folder, "shift", "deep"), recursive = TRUE)
write.csv(data.frame(cyl = c(4, 6, 8), add = c(0.1, 0.2, 0.3)), file.path(folder, "rates.csv"))
writeLines("added <- function(cyl) doubled(rates()$add[match(cyl, rates()$cyl)])",
  file.path(folder, "a.R")
)
writeLines(c(
  "rates <- function() {",
  "  read.csv(file.path(getOption('modelyard.user_files'), 'lookup', 'rates.csv'))", "}"
), file.path(folder, "shift", "deep", "rates.R"))
writeLines("doubled <- function(x) 2 * x", file.path(folder, "shift", "b.r"))
writeLines("def unused(): pass", file.path(folder, "shift", "c.py"))
own <- sfr_predict_body(\(model, input) {
  data.frame(prediction = predict(model, input) + added(input$cyl))
})
sfr_log_model(reg, lm(mpg ~ wt + cyl, cars), "own_files",
  predict_body = own, user_files = list(lookup = file.path(folder, "r*.csv")),
  code_paths = file.path(folder, c("shift", "a.R"))
)
stopifnot(!exists("added"), is.null(getOption("modelyard.user_files")))
