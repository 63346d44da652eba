using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.Data;

/// <summary>What a folder of features will hold: which data, seen by which networks, and which of the data are in which shard.</summary>
/// <param name="Format">The version of the layout.</param>
/// <param name="Data">The full path of the data.</param>
/// <param name="DataFingerprint">Tells the data from others (<see cref="PairSource.Fingerprint"/>).</param>
/// <param name="Models">The networks.</param>
/// <param name="Shards">The data of each shard.</param>
internal sealed record FeaturePlan(int Format, string Data, string DataFingerprint, FeatureModels Models, IReadOnlyList<PairRange> Shards)
{
    /// <summary>The layout that is written and read.</summary>
    public const int Current = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>16 hexadecimal digits that tell it from every other plan.</summary>
    [JsonIgnore]
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(ToJson()))[..16];

    /// <summary>Reads a plan.</summary>
    /// <exception cref="ImgAlignException">The file is none, or of another version.</exception>
    public static FeaturePlan Read(string path)
    {
        try
        {
            var plan = JsonSerializer.Deserialize<FeaturePlan>(File.ReadAllBytes(path), Json);
            if (plan is { Format: Current })
                return plan;
        }
        catch (JsonException exception)
        {
            throw Unreadable(path, exception);
        }
        throw Unreadable(path, null);
    }

    /// <summary>Writes it, or nothing.</summary>
    public void Write(string path) => AtomicFile.Write(path, file => file.Write(ToJson()));

    private byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    private static ImgAlignException Unreadable(string path, Exception? exception) =>
        new($"{path}: not a list of features' shards, or one of another version; name another folder, or delete this one.", exception);
}
