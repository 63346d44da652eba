using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Training;
using static TorchSharp.torch;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>A whole world with random weights in float32, as a training leaves one.</summary>
internal static class RandomWorld
{
    public static WorldFolder Write(string path)
    {
        var world = new WorldFolder(path);
        world.WriteConfigurations();
        Write(Path.Combine(world.UNet, NetworkFile.Diffusers), new UNet2DConditionModel(WorldNetworks.UNet, META));
        Write(Path.Combine(world.Autoencoder, NetworkFile.Diffusers), new AutoencoderKl(WorldNetworks.Autoencoder, META));
        Write(Path.Combine(world.TextEncoder, NetworkFile.Transformers), new ClipTextModel(WorldNetworks.TextEncoder, META));
        Write(Path.Combine(world.TextEncoder2, NetworkFile.Transformers), new ClipTextModel(WorldNetworks.TextEncoder2, META));
        Write(Path.Combine(world.ImageEncoder, NetworkFile.Transformers), new ClipVisionModel(WorldNetworks.ImageEncoder, META));
        Write(world.Resampler, new Resampler(WorldNetworks.Resampler, WorldNetworks.ImagePromptTokens, META));
        Write(world.Adapter, new ImagePromptAdapter(WorldNetworks.UNet, META));
        Write(Path.Combine(world.Detector, NetworkFile.Transformers), new LlavaModel(LlavaConfig.Read(world.Detector), META));
        Write(
            Path.Combine(world.Scorer, NetworkFile.Transformers),
            new ClipTextModel(WorldNetworks.TextEncoder2, META),
            new ClipVisionModel(WorldNetworks.ImageEncoder, META)
        );
        Write(world.Aligner, new AlignerNetwork(WorldNetworks.Aligner, META));
        return world;
    }

    private static void Write(string file, params nn.Module[] networks)
    {
        foreach (var network in networks)
            ParameterInitialization.Randomize(network, seed: 7);
        NetworkFile.Write(file, networks.SelectMany(static network => NetworkFile.Weights(network)));
        foreach (var network in networks)
            network.Dispose();
    }
}
