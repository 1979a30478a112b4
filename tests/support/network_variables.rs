/// The variables by which the client and the server find proxies and certificates. Tests of all crates remove them from child processes.
pub const NETWORK_VARIABLES: [&str; 11] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    // CGI: `HTTP_PROXY` is then a header of the request, and is not read.
    "REQUEST_METHOD",
];
