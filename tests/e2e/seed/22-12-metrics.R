sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "rmse", 2.45)
sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "r_squared", 0.87)
sfr_show_model_metrics(reg, "MTCARS_MPG", "V1")

sfr_show_models(reg)
sfr_show_model_versions(reg, "MTCARS_MPG")
