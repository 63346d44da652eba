using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// An autoencoder in any of its layouts: a folder with its <c>config.json</c>, a file, or a folder with the authors' two files of a tiny
/// one (<c>taesdxl_encoder.pth</c>, <c>taesdxl_decoder.pth</c>).
/// </summary>
internal sealed class AutoencoderFiles
{
    private const string DecoderEnding = "_decoder";
    private const string EncoderEnding = "_encoder";

    private readonly string name;
    private readonly string? decoderPath;
    private readonly string? encoderPath;

    private AutoencoderFiles(string name, AutoencoderConfig config, string? decoderPath, string? encoderPath) =>
        (this.name, Config, this.decoderPath, this.encoderPath) = (name, config, decoderPath, encoderPath);

    /// <summary>Its sizes.</summary>
    public AutoencoderConfig Config { get; }

    /// <summary>Finds a model's VAE.</summary>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="path">The folder or file.</param>
    /// <param name="configOfFile">The sizes of a VAE in a file, which has none beside it.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public static AutoencoderFiles Find(string name, string path, Func<AutoencoderConfig> configOfFile)
    {
        if (Directory.Exists(path))
            return FindHalf(path, DecoderEnding) is { } half && !File.Exists(ConfigOf(path))
                ? OfTinyFile(name, half)
                : new(name, AutoencoderConfig.Read(ConfigOf(path)), path, path);
        using var file = Checkpoint.Open(path);
        if (AutoencoderTinyNames.HalvesOf(file) != 0)
            return OfTinyFile(name, path);
        return new(name, configOfFile(), path, AutoencoderNames.HasEncoder(file) ? path : null);
    }

    /// <summary>Finds a tiny autoencoder.</summary>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="path">The folder, file or name of the hub.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or it is no tiny autoencoder.</exception>
    public static AutoencoderFiles FindTiny(string name, string path)
    {
        var located = HubName.Locate(path);
        if (!Path.Exists(located))
            throw new ImgAlignException($"{path}: there is no such tiny autoencoder; give its folder or its decoder's file.");
        return
            Find(name, Directory.Exists(located) ? ModelFolder.Resolve(located) : located, () => throw NotTiny())
                is { Config: AutoencoderTinyConfig } tiny
            ? tiny
            : throw NotTiny();

        ImgAlignException NotTiny() =>
            new($"{path} holds a whole VAE; give a tiny autoencoder here, such as TAESDXL, or TAEF1 for FLUX.1.");
    }

    /// <summary>The decoder.</summary>
    /// <exception cref="ImgAlignException">There is none, or it does not hold what the network needs.</exception>
    public ModelSource<Autoencoder> Decoder() =>
        Source("decoder", AutoencoderParts.Decoder, decoderPath ?? throw new ImgAlignException($"{encoderPath} holds no decoder."));

    /// <summary>The encoder, or null where there is none.</summary>
    /// <exception cref="ImgAlignException">It does not hold what the network needs.</exception>
    public ModelSource<Autoencoder>? Encoder() => encoderPath is null ? null : Source("encoder", AutoencoderParts.Encoder, encoderPath);

    private ModelSource<Autoencoder> Source(string half, AutoencoderParts part, string path) =>
        new($"{name} {half}", () => Config.Create(META, part), (network, weights) => Open(network, weights, path));

    private static void Open(Autoencoder network, NetworkWeights weights, string path)
    {
        var file = weights.Open(path);
        var part =
            network is AutoencoderTiny
                ? file
                : AutoencoderNames.TryFind(file)
                    ?? throw new CheckpointException(
                        file.Source,
                        $"holds no VAE; set {nameof(DiffusionOptions.VaePath)} (--vae) to one that has it, such as SDXL base's, or FLUX's "
                            + "ae.safetensors."
                    );
        weights.Add(network, part, network.Names(part));
    }

    // Both halves are in it, or the other one is in a file beside it.
    private static AutoencoderFiles OfTinyFile(string name, string path)
    {
        using var file = Checkpoint.Open(path);
        var (config, halves) = (AutoencoderTinyConfig.FromShapes(file), AutoencoderTinyNames.HalvesOf(file));
        return new(
            name,
            config,
            halves.HasFlag(AutoencoderParts.Decoder) ? path : Beside(path, EncoderEnding, DecoderEnding),
            halves.HasFlag(AutoencoderParts.Encoder) ? path : Beside(path, DecoderEnding, EncoderEnding)
        );
    }

    private static string? Beside(string path, string ending, string other)
    {
        var stem = Path.GetFileNameWithoutExtension(path);
        if (!stem.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            return null;
        var beside = Path.Combine(Path.GetDirectoryName(path)!, stem[..^ending.Length] + other + Path.GetExtension(path));
        return File.Exists(beside) ? beside : null;
    }

    private static string? FindHalf(string folder, string ending)
    {
        foreach (var extension in new[] { ".safetensors", ".pth" })
        {
            var found = Directory.GetFiles(folder, $"*{ending}{extension}");
            if (found.Length > 1)
                throw new ImgAlignException($"{folder} holds several files *{ending}{extension}; name the one that is meant.");
            if (found.Length == 1)
                return found[0];
        }
        return null;
    }

    private static string ConfigOf(string folder) => Path.Combine(folder, "config.json");
}
