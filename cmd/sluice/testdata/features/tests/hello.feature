@hello
Feature: Hello
  As a client
  I want to be greeted

  Background:
    Given I set Accept header to application/json

  @smoke
  Scenario: A person
    When I GET /json
    Then response code should be 200
    And response header X-Client should be ^features$
    And response body path $.firstName should be `firstName`
    And I store the value of body path $.lastName as lastName in global scope

  Scenario Outline: Greeted as <name>
    Given I set query parameters to
      | parameter | value  |
      | user      | <name> |
    When I GET /user
    Then response code should be 200
    And response body should contain ^Hello, <greeting>!

    Examples:
      | name       | greeting |
      | Ann        | Ann      |
      | `lastName` | [Dd]oe   |

  @slow
  Scenario: Closed
    When I GET /closed
    Then response code should be 503
    And response body path $.message should be We open at nine
