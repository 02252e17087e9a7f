Feature: Not quite Gherkin
  Scenario: A step without its keyword
    I GET /json
