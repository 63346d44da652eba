namespace ImgAlign.Server;

/// <summary>A request that is answered with an error.</summary>
/// <param name="status">The status of the answer.</param>
/// <param name="code">For programs.</param>
/// <param name="message">For people.</param>
/// <param name="param">The field that is wrong.</param>
/// <param name="retryAfter">When to ask again.</param>
internal sealed class ApiException(int status, string code, string message, string? param = null, TimeSpan? retryAfter = null)
    : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? Param { get; } = param;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    public static ApiException Invalid(string message, string? param = null, string code = "invalid_value") =>
        new(400, code, message, param);

    public static ApiException NotFound(string message) => new(404, "not_found", message);
}
