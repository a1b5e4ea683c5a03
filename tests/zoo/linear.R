# Linear and generalised linear models: families, weights, pairs of counts, intervals.

tree_rows <- trees[1:24, c("Girth", "Height")]

zoo$lm_interval <- entry(
  fit = \() lm(log(Volume) ~ log(Girth) + Height, trees),
  rows = tree_rows, args = list(interval = "prediction", level = 0.9),
  r = \(model, rows) predict(model, rows, interval = "prediction", level = 0.9)
)
zoo$lm_standard_errors <- entry(
  fit = \() lm(Volume ~ poly(Girth, 2) * Height, trees),
  rows = tree_rows, args = list(se.fit = TRUE, interval = "confidence"),
  r = \(model, rows) {
    found <- predict(model, rows, se.fit = TRUE, interval = "confidence")
    data.frame(found$fit, se.fit = unname(found$se.fit))
  }
)
zoo$lm_weights_offset <- entry(
  fit = \() lm(Volume ~ Girth + offset(0.3 * Height), trees, weights = Girth),
  rows = tree_rows
)
zoo$glm_gamma <- entry(
  fit = \() glm(Volume ~ log(Girth) + log(Height), Gamma("log"), trees),
  rows = tree_rows, args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$glm_inverse_gaussian <- entry(
  fit = \() glm(Volume ~ Girth, inverse.gaussian("log"), trees),
  rows = tree_rows["Girth"], args = list(type = "response", se.fit = TRUE),
  r = \(model, rows) {
    found <- predict(model, rows, type = "response", se.fit = TRUE)
    data.frame(fit = unname(found$fit), se.fit = unname(found$se.fit))
  }
)
zoo$glm_quasipoisson <- entry(
  fit = \() glm(count ~ spray, quasipoisson, InsectSprays),
  rows = InsectSprays[(1:24) * 3, "spray", drop = FALSE]
)
zoo$glm_counts <- entry(
  fit = \() glm(cbind(ncases, ncontrols) ~ agegp + unclass(alcgp), binomial, esoph),
  rows = esoph[(1:24) * 3, c("agegp", "alcgp")], args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$glm_proportion <- entry(
  fit = \() glm(incidence / size ~ period, binomial, lme4::cbpp, weights = size),
  rows = lme4::cbpp[(1:24) * 2, "period", drop = FALSE], args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$clm <- entry(
  fit = \() ordinal::clm(rating ~ temp + contact, data = ordinal::wine),
  rows = ordinal::wine[(1:24) * 3, c("temp", "contact")], pkgs = "ordinal",
  r = \(model, rows) predict(model, rows, type = "prob")$fit
)
zoo$clm_class <- entry(
  fit = \() ordinal::clm(rating ~ temp * contact, data = ordinal::wine, link = "probit"),
  independent = FALSE,
  rows = ordinal::wine[(1:24) * 3, c("temp", "contact")], pkgs = "ordinal",
  args = list(type = "class"),
  r = \(model, rows) as.character(predict(model, rows, type = "class")$fit)
)
zoo$clm_scale <- entry(
  fit = \() ordinal::clm(rating ~ temp, scale = ~contact, data = ordinal::wine),
  rows = ordinal::wine[(1:24) * 3, c("temp", "contact")], pkgs = "ordinal",
  r = \(model, rows) predict(model, rows, type = "prob")$fit
)
zoo$clm_nominal <- entry(
  fit = \() ordinal::clm(rating ~ temp, nominal = ~contact, data = ordinal::wine),
  rows = ordinal::wine[(1:24) * 3, c("temp", "contact")], pkgs = "ordinal",
  r = \(model, rows) predict(model, rows, type = "prob")$fit
)
# What scale() left in the data is a matrix of one column, which R wants again.
zoo$lm_scaled_column <- entry(
  fit = \() lm(Volume ~ wide + Height, transform(trees, wide = I(scale(Girth)))),
  rows = transform(tree_rows, wide = (Girth - 13) / 3)[c("wide", "Height")],
  r = \(model, rows) predict(model, transform(rows, wide = I(matrix(wide))))
)
zoo$lm_functions_of_r <- entry(
  fit = \() lm(count ~ C(spray, contr.sum) + sapply(count, abs), InsectSprays),
  rows = InsectSprays[(1:24) * 3, ]
)
# Columns that are called like R's own values.
zoo$lm_names_of_r <- entry(
  fit = \() lm(Volume ~ log(T) * pi + I(T / pi), setNames(trees, c("T", "pi", "Volume"))),
  rows = setNames(tree_rows, c("T", "pi"))
)
