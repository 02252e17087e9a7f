<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="/">
    <xsl:if test="not(order/item)">
      <xsl:message terminate="yes">an order without items</xsl:message>
    </xsl:if>
    <ok/>
  </xsl:template>
</xsl:stylesheet>
