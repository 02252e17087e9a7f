Feature: Resources that are whole paths

  Scenario: The support code gives the host alone
    When I GET /hello/v1/json
    Then response code should be 200
