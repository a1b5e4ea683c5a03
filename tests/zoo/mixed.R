# Mixed models: with groups and without.

teeth <- as.data.frame(nlme::Orthodont)
teeth$Subject <- factor(teeth$Subject, ordered = FALSE)
tooth_rows <- teeth[(1:24) * 4 + 1:2, c("age", "Sex", "Subject")]

zoo$lme <- entry(
  fit = \() nlme::lme(distance ~ age * Sex, random = ~ age | Subject, data = teeth),
  rows = tooth_rows, pkgs = "nlme",
  r = \(model, rows) as.vector(predict(model, rows))
)
zoo$lme_population <- entry(
  fit = \() nlme::lme(distance ~ age + Sex, random = ~ 1 | Subject, data = teeth),
  rows = tooth_rows[c("age", "Sex")], pkgs = "nlme", args = list(level = 0),
  r = \(model, rows) as.vector(predict(model, rows, level = 0))
)
zoo$lme_levels <- entry(
  fit = \() nlme::lme(distance ~ age, random = ~ 1 | Subject, data = teeth),
  rows = tooth_rows[c("age", "Subject")], pkgs = "nlme", args = list(level = 0:1),
  r = \(model, rows) {
    found <- predict(model, rows[c(seq_len(nrow(rows)), 1), ], level = 0:1)
    found[seq_len(nrow(rows)), ]
  }
)
zoo$lmer <- entry(
  fit = \() lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy),
  rows = lme4::sleepstudy[(1:24) * 7, c("Days", "Subject")], pkgs = "lme4"
)
# The sites are ordered in the data, and text in the rows: R takes an ordered group only with as
# many levels as the model has.
zoo$glmmtmb <- entry(
  fit = \() {
    glmmTMB::glmmTMB(count ~ mined + (1 | site), glmmTMB::Salamanders,
      family = poisson, ziformula = ~mined
    )
  },
  rows = transform(glmmTMB::Salamanders[(1:24) * 26, c("mined", "site")], site = paste(site)),
  pkgs = "glmmTMB", args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$glmmtmb_families <- entry(
  fit = \() {
    glmmTMB::glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), lme4::cbpp,
      family = glmmTMB::betabinomial
    )
  },
  rows = lme4::cbpp[(1:24) * 2, c("period", "herd")], pkgs = "glmmTMB"
)
zoo$lmer_new_groups <- entry(
  fit = \() lme4::lmer(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin),
  rows = transform(
    lme4::Penicillin[(1:24) * 5, c("plate", "sample")],
    plate = c(paste(plate[1:20]), "new one", paste(plate[22:24])), sample = paste(sample)
  ),
  pkgs = "lme4", args = list(allow.new.levels = TRUE), new_text = "asked",
  r = \(model, rows) predict(model, rows, allow.new.levels = TRUE)
)
zoo$lmer_population <- entry(
  fit = \() lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy),
  rows = lme4::sleepstudy[(1:24) * 7, "Days", drop = FALSE], pkgs = "lme4",
  args = list(re.form = NA),
  r = \(model, rows) predict(model, rows, re.form = NA)
)
