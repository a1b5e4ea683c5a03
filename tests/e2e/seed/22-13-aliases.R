sfr_set_model_alias(reg, "MTCARS_MPG", "V2", "production")
sfr_set_model_alias(reg, "MTCARS_MPG", "V1", "staging")

sfr_unset_model_alias(reg, "MTCARS_MPG", "production")
