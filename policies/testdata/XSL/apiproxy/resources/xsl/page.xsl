<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" indent="no" encoding="ISO-8859-1"/>
  <xsl:template match="/">
    <html>
      <head><title><xsl:value-of select="order/@id"/></title></head>
      <body>
        <ul>
          <xsl:for-each select="order/item">
            <xsl:sort select="@price" data-type="number"/>
            <li class="n{position()}"><xsl:value-of select="."/></li>
          </xsl:for-each>
        </ul>
        <hr/>
      </body>
    </html>
  </xsl:template>
</xsl:stylesheet>
