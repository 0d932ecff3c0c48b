<?php
// A guest book: ?name=X signs it, every answer lists the names.
$book = __DIR__ . '/book.txt';
if (isset($_GET['name'])) {
    if (file_put_contents($book, $_GET['name'] . "\n", FILE_APPEND) === false) {
        http_response_code(500);
        exit("not writable\n");
    }
}
echo 'php: ', is_file($book) ? file_get_contents($book) : "empty\n";
