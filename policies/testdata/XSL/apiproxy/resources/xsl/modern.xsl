<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text"/>
  <xsl:template match="/">
    <xsl:value-of select="for $i in //item return upper-case($i)" separator=","/>
    <xsl:text> at </xsl:text>
    <xsl:value-of select="format-dateTime(current-dateTime(), '[Y0001]-[M01]-[D01] [H01]:[m01]')"/>
    <xsl:if test="//secret">
      <xsl:try/>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
