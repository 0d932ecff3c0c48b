// A guest book on port 3000: /sign?name=X signs it, / lists the names.
const fs = require('fs');
const http = require('http');
const book = '/usr/src/app/uploads/book.txt';

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  try {
    if (url.pathname === '/sign') {
      fs.appendFileSync(book, `${url.searchParams.get('name')}\n`);
    }
    response.end(`node: ${fs.existsSync(book) ? fs.readFileSync(book) : 'empty\n'}`);
  } catch (error) {
    response.statusCode = 500;
    response.end(`${error.message}\n`);
  }
});
server.listen(3000);
process.on('SIGTERM', () => process.exit(0));
