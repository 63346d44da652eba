using System.Globalization;

namespace ImgAlign.Hub;

/// <summary>The environment variables of Python's client. An empty one is not set.</summary>
internal sealed class HubEnvironment(Func<string, string?> variable)
{
    public Uri Endpoint
    {
        get
        {
            var text = Text("HF_ENDPOINT") ?? "https://huggingface.co";
            return Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                ? uri
                : throw new HubException(
                    HubError.InvalidName,
                    $"HF_ENDPOINT is '{text}', which is not an address that begins with http:// or https://."
                );
        }
    }

    public string CacheFolder => Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub");

    public string? Token
    {
        get
        {
            if (Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
                return null;
            if ((Text("HF_TOKEN") ?? Text("HUGGING_FACE_HUB_TOKEN")) is { } token)
                return token;
            var file = Folder("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
            if (!File.Exists(file))
                return null;
            var text = File.ReadAllText(file).Trim();
            return text.Length > 0 ? text : null;
        }
    }

    public bool Offline => Flag("HF_HUB_OFFLINE") || Flag("TRANSFORMERS_OFFLINE");

    public bool UseSymbolicLinks => !Flag("HF_HUB_DISABLE_SYMLINKS");

    public TimeSpan MetadataTimeout => Seconds("HF_HUB_ETAG_TIMEOUT");

    public TimeSpan DownloadTimeout => Seconds("HF_HUB_DOWNLOAD_TIMEOUT");

    private static string UserProfile => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private string Home =>
        Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(UserProfile, ".cache"), "huggingface");

    private string? Text(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private string? Folder(string name) =>
        Text(name) is not { } path ? null
        : path == "~" ? UserProfile
        : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(UserProfile, path[2..])
        : path;

    private bool Flag(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private TimeSpan Seconds(string name) =>
        Text(name) is not { } text ? TimeSpan.FromSeconds(10)
        : int.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 ? TimeSpan.FromSeconds(seconds)
        : throw new HubException(HubError.InvalidName, $"{name} is '{text}', which is not a number of seconds above 0.");
}
