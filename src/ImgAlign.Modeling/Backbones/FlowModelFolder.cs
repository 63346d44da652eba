using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// The folder of a model with a transformer and FLUX.1's autoencoder, in diffusers' layout or with single files in the place of its
/// folders: what FLUX.1 and Z-Image have in common.
/// </summary>
/// <param name="title">The model, for messages.</param>
/// <param name="folder">The folder.</param>
/// <param name="vaePath">Another autoencoder; null: the folder's own.</param>
internal sealed class FlowModelFolder(string title, string folder, string? vaePath)
{
    private readonly Lazy<string> vae = new(() => vaePath is null ? FindPart(folder, "vae", "ae.safetensors") : HubName.Locate(vaePath));

    /// <summary>A part of the model: its folder, or a file in the place of it.</summary>
    /// <param name="named">The path that is given for it; null: it is looked for.</param>
    /// <param name="part">The name of its folder.</param>
    /// <param name="patterns">Names of files, of which the first that there is counts.</param>
    /// <exception cref="ImgAlignException">There is none of them, or several.</exception>
    public string Find(string? named, string part, params string[] patterns) =>
        named is null ? FindPart(folder, part, patterns) : HubName.Locate(named);

    /// <summary>The configuration of a part: its own, or for a single file that of the model's folder; null where there is none.</summary>
    public string? FindConfig(string path, string part)
    {
        if (Directory.Exists(path))
            return Path.Combine(path, "config.json");
        var own = Path.Combine(folder, part, "config.json");
        return File.Exists(own) ? own : null;
    }

    /// <summary>The model's own schedule.</summary>
    /// <param name="published">That of the published model, where the folder has none.</param>
    /// <exception cref="ImgAlignException">It is broken, or not one of a flow.</exception>
    public SchedulerConfig ReadScheduler(SchedulerConfig published)
    {
        var path = Path.Combine(folder, "scheduler", "scheduler_config.json");
        if (!File.Exists(path))
            return published;
        var config = SchedulerConfig.Read(path);
        return config.IsFlow
            ? config
            : throw new ImgAlignException(
                $"{path}: {config.ClassName} is for models whose noise is added to the data, and {title} is a flow; "
                    + "take the scheduler folder of the model itself, or set use_flow_sigmas to true."
            );
    }

    /// <summary>The autoencoder. A file in the authors' layout has the sizes that <c>vae/config.json</c> of the model says, or those of
    /// FLUX.1-dev.</summary>
    public AutoencoderFiles FindAutoencoder() =>
        AutoencoderFiles.Find(
            $"{title} VAE",
            vae.Value,
            () => FindConfig(vae.Value, "vae") is { } path ? AutoencoderKlConfig.Read(path) : FluxDev.Autoencoder
        );

    private static string FindPart(string folder, string part, params string[] patterns)
    {
        var inner = Path.Combine(folder, part);
        if (Directory.Exists(inner))
            return inner;
        foreach (var pattern in patterns)
        {
            var found = Directory.GetFiles(folder, pattern);
            if (found.Length == 1)
                return found[0];
            if (found.Length > 1)
                throw new ImgAlignException(
                    $"{folder} holds several files {pattern}; set {nameof(FluxOptions.TransformerPath)} (--transformer) to the "
                        + "one that is meant."
                );
        }
        throw new ImgAlignException(
            $"{folder} holds neither a folder {part} nor {string.Join(" nor ", patterns)}; download the whole model."
        );
    }
}
