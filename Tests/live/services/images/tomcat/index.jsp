<%@ page contentType="text/plain" %>tomcat: <%= 6 * 7 %>
