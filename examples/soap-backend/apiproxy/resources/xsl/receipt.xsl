<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="urn:warehouse" exclude-result-prefixes="soap w">
  <xsl:output method="html" indent="no"/>
  <xsl:template match="/">
    <html>
      <body>
        <h1>Order <xsl:value-of select="soap:Envelope/soap:Body/w:OrderResponse/w:number"/></h1>
        <ul>
          <xsl:for-each select="soap:Envelope/soap:Body/w:OrderResponse/w:item">
            <xsl:sort select="w:article"/>
            <li><xsl:value-of select="w:quantity"/> x <xsl:value-of select="w:article"/></li>
          </xsl:for-each>
        </ul>
      </body>
    </html>
  </xsl:template>
</xsl:stylesheet>
