new_cars <- sfr_query(conn, "SELECT wt, hp, cyl FROM car_data LIMIT 100")
scores   <- sfr_predict(reg, "MTCARS_MPG", new_cars)
