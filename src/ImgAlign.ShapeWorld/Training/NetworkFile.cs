using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Sdxl;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Weights in published names: written from networks in training, and read into networks that are only used.</summary>
internal static class NetworkFile
{
    /// <summary>The usual names of weights in a folder of transformers and of diffusers.</summary>
    public const string Transformers = "model.safetensors",
        Diffusers = "diffusion_pytorch_model.safetensors";

    /// <summary>The parameters of a network, by published names.</summary>
    /// <param name="network">The network; its tensors are borrowed.</param>
    /// <param name="prefix">What stands in front of names, with its dot.</param>
    public static IEnumerable<KeyValuePair<string, Tensor>> Weights(nn.Module network, string prefix = "") =>
        ModuleParameters
            .Enumerate(network)
            .Select(parameter => KeyValuePair.Create(PublishedName(network, prefix, parameter.Path), (Tensor)parameter.Value));

    /// <summary>Writes a file, atomically.</summary>
    /// <param name="path">The file; its folder is made if it is not there.</param>
    /// <param name="weights">The tensors by name; borrowed.</param>
    /// <param name="metadata">Texts for the header.</param>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> weights,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafetensorsWriter.Write(path, weights.ToDictionary(), metadata);
    }

    /// <summary>Gives a network its weights, in a copy of its own, without gradients.</summary>
    /// <param name="network">The network, on the meta device.</param>
    /// <param name="path">The file or folder.</param>
    /// <param name="names">How the network is named there; null: as its own parameters.</param>
    /// <returns>The network.</returns>
    public static T Read<T>(T network, string path, Func<T, Checkpoint, WeightMap>? names = null)
        where T : nn.Module
    {
        using var checkpoint = Checkpoint.Open(path);
        CheckpointBinder.Bind(network, checkpoint, names?.Invoke(network, checkpoint) ?? WeightMap.Identity, float32);
        return network;
    }

    private static string PublishedName(nn.Module network, string prefix, string path) =>
        network switch
        {
            ClipTextModel when !path.StartsWith("text_projection.", StringComparison.Ordinal) => $"{prefix}text_model.{path}",
            ClipVisionModel when !path.StartsWith("visual_projection.", StringComparison.Ordinal) => $"{prefix}vision_model.{path}",
            ImagePromptAdapter => $"{prefix}ip_adapter.{path}",
            LlavaModel when path.StartsWith("vision_tower.", StringComparison.Ordinal) =>
                $"{prefix}vision_tower.vision_model.{path["vision_tower.".Length..]}",
            _ => prefix + path,
        };
}
