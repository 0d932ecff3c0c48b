#ifndef DEROOT_CCURL_H
#define DEROOT_CCURL_H

#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo take arguments of any type, which Swift cannot call; one
// function for each type can.

typedef size_t (*deroot_curl_data)(char *, size_t, size_t, void *);
typedef int (*deroot_curl_progress)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
typedef int (*deroot_curl_seek)(void *, curl_off_t, int);
typedef int (*deroot_curl_prereq)(void *, char *, char *, int, int);

static inline CURLcode deroot_curl_set_long(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode deroot_curl_set_offset(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode deroot_curl_set_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode deroot_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode deroot_curl_set_headers(CURL *curl, struct curl_slist *list) {
    return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
}

static inline CURLcode deroot_curl_set_data(CURL *curl, CURLoption option, deroot_curl_data call) {
    return curl_easy_setopt(curl, option, call);
}

static inline CURLcode deroot_curl_set_progress(CURL *curl, deroot_curl_progress call) {
    return curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, call);
}

static inline CURLcode deroot_curl_set_progress_data(CURL *curl, void *value) {
    return curl_easy_setopt(curl, CURLOPT_XFERINFODATA, value);
}

static inline CURLcode deroot_curl_set_seek(CURL *curl, deroot_curl_seek call) {
    return curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, call);
}

static inline CURLcode deroot_curl_set_prereq(CURL *curl, deroot_curl_prereq call) {
    return curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, call);
}

// libcurl copies the bytes.
static inline CURLcode deroot_curl_set_authorities(CURL *curl, const void *bytes, size_t count) {
    struct curl_blob blob;
    blob.data = (void *)bytes;
    blob.len = count;
    blob.flags = CURL_BLOB_COPY;
    return curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
}

// The CA file and the CA folder that libcurl was built with; NULL where there is none.
static inline const char *deroot_curl_ca_file(void) {
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}

static inline const char *deroot_curl_ca_folder(void) {
    return curl_version_info(CURLVERSION_NOW)->capath;
}

static inline CURLcode deroot_curl_get_long(CURL *curl, CURLINFO info, long *value) {
    return curl_easy_getinfo(curl, info, value);
}

static inline CURLcode deroot_curl_get_offset(CURL *curl, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(curl, info, value);
}

static inline CURLcode deroot_curl_get_text(CURL *curl, CURLINFO info, char **value) {
    return curl_easy_getinfo(curl, info, value);
}

#endif
