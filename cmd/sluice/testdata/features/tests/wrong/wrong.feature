Feature: What fails

  Scenario: The shop is open
    When I GET /closed
    Then response code should be 200

  Scenario: Steps of one's own
    Given I am a customer
    When I GET /json
    Then I see my name
    And response code should be 404

  @variables
  Scenario: A variable that is not set
    When I GET /user?user=`customer`
    Then response body should contain Hello, Ann
