using ImgAlign.Imaging;
using ImgAlign.Networks.ImageReward;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Golden family <c>imagereward</c>.</summary>
internal static class ImageRewardKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("imagereward-prompt", Prompt).Add("imagereward-score", Score);

    private static Dictionary<string, torch.Tensor> Prompt(GoldenCase golden, torch.Device device)
    {
        var (ids, mask) = Read(golden).Tokenize(Prompts(golden));
        return new() { ["input_ids"] = ids, ["attention_mask"] = mask };
    }

    private static Dictionary<string, torch.Tensor> Score(GoldenCase golden, torch.Device device)
    {
        var parts = Read(golden);
        var stored = golden.Options.Texts("images").Select(path => ImageFile.LoadStored(golden.Path(path!)));
        var fitted = stored.Select(parts.Fit).ToList();
        var pixels = parts.ToPixels(fitted);
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var slot = new ModelSlot<ImageRewardModel>(runtime, parts.Network);
        using var lease = slot.Use();
        var network = lease.Model;
        var outputs = Prompt(golden, device);
        using var recorder = new ModuleRecorder(network, golden.Outputs.Keys.Select(PathOf));
        outputs["pixel_values"] = pixels;
        outputs["features"] = network.Read(pixels.to(device), outputs["input_ids"].to(device), outputs["attention_mask"].to(device));
        outputs["score"] = network.Reward(outputs["features"]);
        var descending = outputs["score"].argsort(descending: true);
        outputs["rank"] = descending.argsort().Plus(1L);
        foreach (var (index, image) in fitted.Index())
            outputs[$"image.{index}"] = ImagingKinds.ToTensor(image);
        foreach (var name in golden.Outputs.Keys)
        {
            if (recorder.Recorded.TryGetValue(PathOf(name), out var value))
                outputs[name] = value;
        }
        return outputs;
    }

    // Ours of a module that the authors name.
    private static string PathOf(string output) => output.Replace("visual_encoder.blocks.", "visual_encoder.encoder.layers.");

    private static ImageRewardParts Read(GoldenCase golden) =>
        ImageRewardParts.Read(golden.CheckpointPath!, visionHeads: golden.Config.GetProperty("num_heads").GetInt32());

    private static List<string> Prompts(GoldenCase golden) => [.. golden.Options.Texts("prompts").Select(static text => text!)];
}
