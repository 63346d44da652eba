using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.Server.OpenAi;

/// <summary>The form of an edit: a picture, and the fields of a generation as text.</summary>
internal static class EditForm
{
    /// <summary>Reads a form.</summary>
    /// <exception cref="ApiException">It has a mask, no picture or several, or a field that is not known.</exception>
    public static async Task<(GenerationBody Body, byte[] Picture)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasFormContentType)
            throw ApiException.Invalid("The body must be multipart/form-data with the picture as image.", "image");
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(cancellationToken);
        }
        catch (InvalidDataException exception)
        {
            throw ApiException.Invalid($"The form cannot be read: {exception.Message}");
        }
        if (form.Files.Any(static file => file.Name == "mask") || form.ContainsKey("mask"))
            throw ApiException.Invalid(
                "mask is not supported: the whole picture is aligned with the prompt.",
                "mask",
                "unsupported_parameter"
            );
        var pictures = form.Files.Where(static file => file.Name is "image" or "image[]").ToList();
        if (pictures.Count != 1)
            throw ApiException.Invalid(
                pictures.Count == 0
                    ? "image is missing; send the picture to align."
                    : $"There are {pictures.Count} pictures; one at a time is aligned.",
                "image"
            );
        using var copy = new MemoryStream();
        await pictures[0].CopyToAsync(copy, cancellationToken);
        return (ReadFields(form), copy.ToArray());
    }

    // The fields of a form are text, those of the JSON body what they are.
    private static GenerationBody ReadFields(IFormCollection form)
    {
        var types = ServerJson
            .OpenAi.GetTypeInfo(typeof(GenerationBody))
            .Properties.ToDictionary(
                static property => property.Name,
                static property => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
            );
        var body = new JsonObject();
        foreach (var (name, values) in form)
        {
            var text = values.ToString();
            body[name] =
                !types.TryGetValue(name, out var type) || type == typeof(string) ? JsonValue.Create(text) : ToValue(name, text, type);
        }
        return body.Deserialize<GenerationBody>(ServerJson.OpenAi)!;
    }

    private static JsonValue ToValue(string name, string text, Type type)
    {
        try
        {
            // NaN and infinities are numbers, but not of JSON: an ArgumentException.
            return JsonValue.Create(JsonSerializer.SerializeToElement(Convert.ChangeType(text, type, CultureInfo.InvariantCulture)))!;
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException)
        {
            throw ApiException.Invalid($"{name} is '{text}'; give a {(type == typeof(bool) ? "boolean" : "number")}.", name);
        }
    }
}
