using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Image files, Pillow's resize and LLaVA's preprocessing, of golden family <c>mllm</c>.</summary>
internal static class ImagingKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("image-decode", (golden, _) => new Dictionary<string, torch.Tensor> { ["image"] = ToTensor(Image(golden)) })
        .Add("resize", (golden, _) => golden.Options.GetProperty("outputs").EnumerateArray()
            .ToDictionary(output => output.GetProperty("name").GetString()!, output => ToTensor(Resize(Image(golden), output))))
        .Add("llava-image", (golden, _) => new Dictionary<string, torch.Tensor> { ["pixel_values"] = LlavaImage(golden, ClipImageProcessor.Load(golden.CheckpointPath!), (processor, image) => processor.Preprocess(image)) })
        .Add("llava-image-uint8", (golden, _) => new Dictionary<string, torch.Tensor> { ["image"] = LlavaImage(golden, ClipImageProcessor.ForSize(golden.Options.GetProperty("size").GetInt32()), (processor, image) => ToTensor(processor.Fit(image))) });

    /// <summary>An image as <c>[H, W, 3]</c>, uint8.</summary>
    public static torch.Tensor ToTensor(RgbImage image) => torch.tensor(image.Pixels.ToArray(), [image.Height, image.Width, 3]);

    /// <summary>A tensor <c>[H, W, 3]</c>, uint8, as an image.</summary>
    public static RgbImage ToImage(torch.Tensor tensor) => new((int)tensor.shape[1], (int)tensor.shape[0], tensor.data<byte>().ToArray());

    private static RgbImage Image(GoldenCase golden) => ImageFile.Load(golden.PathOption("image")!);

    private static RgbImage Resize(RgbImage image, JsonElement output) => PillowResize.Resize(
        image, output.GetProperty("width").GetInt32(), output.GetProperty("height").GetInt32(), Enum.Parse<ResampleFilter>(output.GetProperty("resample").GetString()!, ignoreCase: true));

    private static torch.Tensor LlavaImage(GoldenCase golden, ClipImageProcessor processor, Func<ClipImageProcessor, RgbImage, torch.Tensor> compute)
    {
        var image = Image(golden);
        return golden.Options.GetProperty("image_aspect_ratio").GetString() switch
        {
            "pad" => compute(processor, processor.PadToSquare(image)),
            "crop" => compute(processor, image),
            var other => throw new ImgAlignException($"{golden.Folder}: image_aspect_ratio '{other}' is not known here; pad and crop are."),
        };
    }
}
