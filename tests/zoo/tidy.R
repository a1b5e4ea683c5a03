# A recipe, which transforms, and a model of hardhat's.

homes <- as.data.frame(modeldata::ames)[
  (1:290) * 10, c("Gr_Liv_Area", "Longitude", "Central_Air", "Sale_Price")
]
home_rows <- homes[(1:24) * 12, 1:3]

zoo$recipe <- entry(
  fit = \() {
    recipe <- recipes::recipe(Sale_Price ~ Gr_Liv_Area + Longitude + Central_Air, homes)
    recipe <- recipes::step_log(recipe, Gr_Liv_Area, base = 10)
    recipe <- recipes::step_normalize(recipe, Gr_Liv_Area, Longitude)
    recipes::prep(recipes::step_dummy(recipe, Central_Air))
  },
  rows = home_rows, pkgs = "recipes",
  r = \(model, rows) as.data.frame(recipes::bake(model, rows))
)
# The predict() of a class that is in no package travels as a body.
zoo$hardhat <- entry(
  fit = \() {
    mold <- hardhat::mold(Sale_Price ~ Gr_Liv_Area + Longitude + Central_Air, homes)
    given <- with(mold$predictors, cbind(1, Gr_Liv_Area, Longitude, Central_AirY))
    b <- unname(stats::lm.fit(given, mold$outcomes$Sale_Price)$coefficients)
    hardhat::new_model(b = b, blueprint = mold$blueprint, class = "zoo_linear")
  },
  rows = home_rows,
  body = function(model, input) {
    given <- hardhat::forge(input, model$blueprint)$predictors
    model$b[1] + model$b[2] * given$Gr_Liv_Area + model$b[3] * given$Longitude +
      model$b[4] * given$Central_AirY
  },
  r = \(model, rows) {
    model$b[1] + model$b[2] * rows$Gr_Liv_Area + model$b[3] * rows$Longitude +
      model$b[4] * (rows$Central_Air == "Y")
  }
)
