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
