<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text"/>
  <xsl:param name="customer" select="'nobody'"/>
  <xsl:param name="currency"/>
  <xsl:param name="note"/>
  <xsl:template match="/order">
    <xsl:value-of select="concat($customer, ': ', sum(item/@price), ' ', $currency, ' (', $note, ')')"/>
  </xsl:template>
</xsl:stylesheet>
