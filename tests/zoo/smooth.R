# Smooths: splines and additive models.

air <- na.omit(airquality)
air_rows <- air[(1:24) * 4, c("Solar.R", "Wind", "Temp")]

zoo$smooth_spline <- entry(
  fit = \() smooth.spline(cars$speed, cars$dist, df = 6),
  rows = data.frame(x = c(4.5, 30, 11, 7.25, 2, 19, 25, 14.5)),
  r = \(model, rows) predict(model, rows$x)$y
)
zoo$smooth_spline_slope <- entry(
  fit = \() smooth.spline(faithful$waiting, faithful$eruptions),
  rows = data.frame(x = faithful$waiting[1:24] + 0.5), args = list(deriv = 1),
  r = \(model, rows) predict(model, rows$x, deriv = 1)$y
)
zoo$bam <- entry(
  fit = \() mgcv::bam(Ozone ~ s(Wind, k = 5) + te(Solar.R, Temp, k = 3), data = air),
  rows = air_rows, pkgs = "mgcv"
)
zoo$gamm <- entry(
  fit = \() {
    mgcv::gamm(distance ~ s(age, k = 4) + Sex,
      random = list(Subject = ~1), data = as.data.frame(nlme::Orthodont)
    )
  },
  rows = as.data.frame(nlme::Orthodont)[(1:24) * 3, c("age", "Sex")], pkgs = "mgcv",
  r = \(model, rows) as.vector(predict(model$gam, rows))
)
zoo$gam_of_gam <- entry(
  fit = \() gam::gam(log(Ozone) ~ s(Wind, 3) + lo(Temp) + Solar.R, data = air),
  rows = air_rows, pkgs = "gam"
)
