# Miles per gallon of cars, as a Modelyard service predicts them. The machine of the app needs R
# with shiny and modelyard, which speaks HTTP by httr2; README.md tells how to run and publish it.

library(shiny)
library(modelyard)

# sfr_predict_rest() finds the token in MODELYARD_TOKEN.
service <- Sys.getenv("MODELYARD_SERVICE_URL")
stopifnot("Set MODELYARD_SERVICE_URL to the address of the service." = nzchar(service))

# What the service predicts; why it does not, in place of the output.
predict_mpg <- function(cars) {
  tryCatch(
    sfr_predict_rest(service, cars, timeout_sec = 10)$prediction,
    modelyard_error = function(e) {
      message(conditionMessage(e))  # to the app's log
      if (e$code %in% c("unavailable", "overloaded")) invalidateLater(2000)
      validate(reason(e))
    }
  )
}

reason <- function(e) {
  switch(e$code,
    unauthenticated = ,
    forbidden = "The service does not accept this app's token. Ask whoever runs the app.",
    unavailable = "The service does not answer. It is asked again every two seconds.",
    overloaded = "The service is busy. It is asked again every two seconds.",
    conditionMessage(e)
  )
}

read_cars <- function(file) {
  tryCatch(
    utils::read.csv(file$datapath),
    error = function(e) validate(paste0("This is not a CSV file: ", conditionMessage(e)))
  )
}

ui <- fluidPage(
  tags$style(".shiny-output-error-validation { color: #a00; white-space: pre-line; }"),
  titlePanel("Miles per gallon"),
  sidebarLayout(
    sidebarPanel(
      numericInput("wt", "Weight (1000 lbs)", 2.5, min = 0, step = 0.1),
      numericInput("hp", "Horsepower", 110, min = 0),
      radioButtons("cyl", "Cylinders", c(4, 6, 8), inline = TRUE),
      numericInput("disp", "Displacement (cubic inches)", 160, min = 0),
      fileInput("file", "Cars of your own: a CSV file with wt, hp, cyl and disp", accept = ".csv")
    ),
    mainPanel(h3(textOutput("mpg")), tableOutput("table"))
  )
)

server <- function(input, output, session) {
  # A number that is being typed is not asked about.
  car <- debounce(reactive(data.frame(
    wt = input$wt, hp = input$hp, cyl = as.integer(input$cyl), disp = input$disp
  )), 300)
  cars <- reactive(if (is.null(input$file)) mtcars else read_cars(input$file))

  output$mpg <- renderText({
    validate(need(complete.cases(car()), "Give all four numbers."))
    paste(format(predict_mpg(car())), "miles per gallon")
  })
  output$table <- renderTable(
    cbind(predicted = format(predict_mpg(cars())), cars()), rownames = TRUE
  )
}

shinyApp(ui, server)
